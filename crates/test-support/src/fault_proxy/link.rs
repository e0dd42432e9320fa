//! One connection through the proxy.

use super::{
    frame::{asks_for_encryption, is_ready, read, read_first},
    switch::Switch,
};
use std::{
    io::{self, BufReader, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// Passes messages both ways until one end closes, and then closes the other one.
pub(super) fn serve(client: TcpStream, server: &(String, u16), switch: &Arc<Switch>) -> io::Result<()> {
    switch.pass();
    let server = TcpStream::connect((&*server.0, server.1))?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let link = switch.open([client.try_clone()?, server.try_clone()?]);
    let is_lost = Arc::new(AtomicBool::new(false));
    let answers = {
        let (client, server) = (client.try_clone()?, server.try_clone()?);
        let (switch, is_lost) = (Arc::clone(switch), Arc::clone(&is_lost));
        move || {
            let _ended = pass_answers(server, client, &switch, &is_lost);
            switch.close(link);
        }
    };
    thread::spawn(answers);
    let _ended = pass_requests(client, server, switch, &is_lost);
    switch.close(link);
    Ok(())
}

fn pass_requests(
    client: TcpStream,
    mut server: TcpStream,
    switch: &Switch,
    is_lost: &AtomicBool,
) -> io::Result<()> {
    let mut requests = BufReader::new(client);
    let mut request = read_first(&mut requests)?;
    while asks_for_encryption(&request) {
        switch.pass();
        // Refused, so that the proxy can read what follows.
        requests.get_mut().write_all(b"N")?;
        request = read_first(&mut requests)?;
    }
    loop {
        switch.pass();
        if switch.mutes(&request) {
            // Until the client closes the connection.
            loop {
                read(&mut requests)?;
            }
        }
        if switch.loses(&request) {
            is_lost.store(true, Ordering::SeqCst);
        }
        server.write_all(&request)?;
        request = read(&mut requests)?;
    }
}

fn pass_answers(
    server: TcpStream,
    mut client: TcpStream,
    switch: &Switch,
    is_lost: &AtomicBool,
) -> io::Result<()> {
    let mut answers = BufReader::new(server);
    loop {
        let answer = read(&mut answers)?;
        switch.pass();
        match (is_lost.load(Ordering::SeqCst), is_ready(&answer)) {
            (true, true) => {
                switch.count_lost();
                return Ok(());
            }
            (true, false) => {}
            (false, _) => client.write_all(&answer)?,
        }
    }
}
