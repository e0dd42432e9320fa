//! One connection through the proxy.

use super::{
    faults::Faults,
    frame::{asks_for_encryption, is_ready, read, read_first},
};
use std::{
    io::{self, BufReader, Write},
    net::TcpStream,
    sync::{Arc, OnceLock},
    thread,
};

/// Forwards messages both ways until one end closes, and then closes the other one.
pub(super) fn serve(client: TcpStream, server: &(String, u16), faults: &Arc<Faults>) -> io::Result<()> {
    faults.wait_while_held();
    let server = TcpStream::connect((&*server.0, server.1))?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let link = faults.open([client.try_clone()?, server.try_clone()?]);
    // Set once an answer must be lost: the number of its bytes to deliver before the cut.
    let cut_after = Arc::new(OnceLock::new());
    let answers = {
        let (client, server) = (client.try_clone()?, server.try_clone()?);
        let (faults, cut_after) = (Arc::clone(faults), Arc::clone(&cut_after));
        move || {
            let _ended = pass_answers(server, client, &faults, &cut_after);
            faults.close(link);
        }
    };
    thread::spawn(answers);
    let _ended = pass_requests(client, server, faults, &cut_after);
    faults.close(link);
    Ok(())
}

fn pass_requests(
    client: TcpStream,
    mut server: TcpStream,
    faults: &Faults,
    cut_after: &OnceLock<usize>,
) -> io::Result<()> {
    let mut requests = BufReader::new(client);
    let mut request = read_first(&mut requests)?;
    while asks_for_encryption(&request) {
        faults.wait_while_held();
        // Refused, so that the proxy can read the following messages.
        requests.get_mut().write_all(b"N")?;
        request = read_first(&mut requests)?;
    }
    loop {
        faults.wait_while_held();
        if faults.mutes(&request) {
            // Discards messages until the client closes the connection.
            loop {
                read(&mut requests)?;
            }
        }
        if let Some(bytes) = faults.loses(&request) {
            cut_after.get_or_init(|| bytes);
        }
        server.write_all(&request)?;
        request = read(&mut requests)?;
    }
}

fn pass_answers(
    server: TcpStream,
    mut client: TcpStream,
    faults: &Faults,
    cut_after: &OnceLock<usize>,
) -> io::Result<()> {
    let mut answers = BufReader::new(server);
    let mut held = Vec::new();
    loop {
        let answer = read(&mut answers)?;
        faults.wait_while_held();
        let Some(bytes) = cut_after.get() else {
            client.write_all(&answer)?;
            continue;
        };
        held.extend(&answer);
        if is_ready(&answer) {
            client.write_all(&held[..held.len().min(*bytes)])?;
            faults.count_lost(held.len());
            return Ok(());
        }
    }
}
