//! The admin listener with a certificate.

use super::dashboard;
use crate::process::{Server, run_in};
use gochat_test_support::{TestDatabase, deadline, free_port, http::Request};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
};
use std::{
    fs,
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
};
use tempfile::TempDir;

/// A folder with the files of a certificate.
struct Files {
    folder: TempDir,
    certificate: CertificateDer<'static>,
}

impl Files {
    /// Makes a certificate for these names.
    fn of(names: &[&str]) -> Self {
        Self::write(TempDir::new().unwrap(), names)
    }

    /// Replaces the certificate and its key.
    fn renew(self, names: &[&str]) -> Self {
        Self::write(self.folder, names)
    }

    fn write(folder: TempDir, names: &[&str]) -> Self {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
        fs::write(folder.path().join("tls.crt"), cert.pem()).unwrap();
        fs::write(folder.path().join("tls.key"), signing_key.serialize_pem()).unwrap();
        Self { folder, certificate: cert.der().clone() }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Sends a request by HTTPS to a server that must have this certificate for the name, and returns the whole reply.
    fn send(&self, port: u16, name: &'static str, request: &Request) -> io::Result<String> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let socket = TcpStream::connect(("127.0.0.1", port))?;
        socket.set_read_timeout(Some(deadline::LIMIT))?;
        let connection =
            ClientConnection::new(Arc::new(config), ServerName::try_from(name).unwrap()).unwrap();
        let mut stream = StreamOwned::new(connection, socket);
        let request = request.clone().header("Connection", "close");
        stream.write_all(&request.bytes())?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply)?;
        Ok(reply)
    }
}

pub fn the_listener_with_a_certificate_speaks_https(database: TestDatabase) -> anyhow::Result<()> {
    let port = free_port()?;
    let (bind, files) = (format!("127.0.0.1:{port}"), Files::of(&["chat.example.org", "localhost"]));
    let (certificate, key) = (files.path("tls.crt"), files.path("tls.key"));
    let tls = [("GOCHAT__ADMIN__TLS_CERTIFICATE", &*certificate), ("GOCHAT__ADMIN__TLS_KEY", &*key)];
    let production = [("GOCHAT_PROFILE", "production"), ("GOCHAT__ADMIN__DASHBOARD", "true")];
    let server =
        Server::start(&database, &[&tls[..], &production, &[("GOCHAT__ADMIN__BIND", &*bind)]].concat());
    assert_eq!(server.admin_port, port);
    let get = |path: &str, host: &str| Request::new("GET", path).without("Host").header("Host", host);
    let alive = files.send(port, "localhost", &get("/livez", "localhost"))?;
    assert!(alive.starts_with("HTTP/1.1 200 OK\r\n") && alive.ends_with("\r\n\r\nok\n"), "{alive}");

    // The link has a name of the certificate, for which the browser does not warn.
    let printed = dashboard(&database, port, &[], &[&tls[..], &production].concat());
    let start = format!("https://chat.example.org:{port}/open?secret=");
    let secret = printed.stdout.trim_end().strip_prefix(&start).unwrap_or_else(|| panic!("{printed:?}"));
    let origin = format!("https://chat.example.org:{port}");
    let host = &*format!("chat.example.org:{port}");
    let open = |origin: &str| {
        let form = Request::form("/open", &[("secret", secret)]).without("Host").header("Host", host);
        files.send(port, "chat.example.org", &form.header("Origin", origin))
    };
    let plain = origin.replace("https:", "http:");
    assert!(open(&plain)?.starts_with("HTTP/1.1 403 Forbidden\r\n"));
    let opened = open(&origin)?;
    assert!(opened.starts_with("HTTP/1.1 303 See Other\r\n"), "{opened}");
    let cookie = opened.split_once("set-cookie: ").unwrap().1.split_once("\r\n").unwrap().0;
    let (cookie, attributes) = cookie.split_once("; ").unwrap();
    assert!(cookie.starts_with("__Secure-gochat_session="), "{cookie}");
    let home = opened.split_once("location: ").unwrap().1.split_once("\r\n").unwrap().0;
    assert!(home.starts_with("/s/"), "{home}");
    assert_eq!(attributes, format!("HttpOnly; SameSite=Strict; Secure; Path={home}; Max-Age=43200"));
    for (host, status) in
        [(host, "200 OK"), ("localhost", "200 OK"), ("evil.example", "421 Misdirected Request")]
    {
        let page =
            files.send(port, "localhost", &get(&format!("{home}keys"), host).header("Cookie", cookie))?;
        assert!(page.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{host}: {page}");
    }

    // A client without TLS gets nothing.
    let mut plain = TcpStream::connect(("127.0.0.1", port))?;
    plain.set_read_timeout(Some(deadline::LIMIT))?;
    plain.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    let mut reply = Vec::new();
    let _closed = plain.read_to_end(&mut reply);
    assert!(!String::from_utf8_lossy(&reply).contains("HTTP"), "{reply:?}");

    // The health check trusts exactly the certificate in the settings.
    let check = |tls: &[(&str, &str)]| {
        let variables = [tls, &[("GOCHAT__ADMIN__BIND", &*bind)]].concat();
        run_in(TempDir::new().unwrap().path(), &["healthcheck"], &variables)
    };
    deadline::eventually("the server is healthy", || (check(&tls).code == Some(0)).then_some(()));
    let other = Files::of(&["localhost"]);
    let (certificate, key) = (other.path("tls.crt"), other.path("tls.key"));
    let ended = check(&[("GOCHAT__ADMIN__TLS_CERTIFICATE", &certificate), ("GOCHAT__ADMIN__TLS_KEY", &key)]);
    let message = format!("gochat: https://{bind}/readyz does not answer: ");
    assert!(ended.code == Some(1) && ended.stderr.starts_with(&message), "{ended:?}");
    assert!(
        ended.stderr.contains("the server has another certificate than admin.tls_certificate"),
        "{ended:?}"
    );
    server.stop();
    Ok(())
}

pub fn a_renewed_certificate_is_taken_over(database: TestDatabase) -> anyhow::Result<()> {
    let files = Files::of(&["old.example.org"]);
    let (certificate, key) = (files.path("tls.crt"), files.path("tls.key"));
    let server = Server::start(
        &database,
        &[
            ("GOCHAT__ADMIN__TLS_CERTIFICATE", &*certificate),
            ("GOCHAT__ADMIN__TLS_KEY", &*key),
            // With it, the listener serves only the names of this machine.
            ("GOCHAT__AUTH__DEVELOPMENT_KEY", "false"),
        ],
    );
    let status = |files: &Files, name: &'static str| {
        let request = Request::new("GET", "/").without("Host").header("Host", name);
        let reply = files.send(server.admin_port, name, &request)?;
        io::Result::Ok(reply.split_once("\r\n").map(|(line, _)| line.to_owned()))
    };
    let no_session = Some("HTTP/1.1 401 Unauthorized".to_owned());
    assert_eq!(status(&files, "old.example.org")?, no_session);

    // Its names are those of the dashboard.
    let files = files.renew(&["new.example.org"]);
    deadline::eventually("the new certificate", || status(&files, "new.example.org").ok());
    server.line_with("the admin listener has a new certificate");
    assert_eq!(status(&files, "new.example.org")?, no_session);
    assert!(status(&files, "old.example.org").is_err());

    for (file, message) in [
        ("tls.key", "the files in admin.tls_certificate and admin.tls_key cannot be used together"),
        ("tls.crt", "cannot be used: it has no certificate"),
    ] {
        let content = if file == "tls.key" { KeyPair::generate()?.serialize_pem() } else { String::new() };
        fs::write(files.path(file), content)?;
        let logged = server.line_with("the admin listener keeps its old certificate");
        assert!(logged.contains("ERROR") && logged.contains(message), "{logged}");
        assert_eq!(status(&files, "new.example.org")?, no_session);
    }

    let files = files.renew(&["newest.example.org"]);
    deadline::eventually("the newest certificate", || status(&files, "newest.example.org").ok());
    server.stop();
    Ok(())
}

pub fn files_that_cannot_be_used_are_refused() -> anyhow::Result<()> {
    let files = Files::of(&["localhost"]);
    fs::write(files.path("other.key"), KeyPair::generate()?.serialize_pem())?;
    fs::write(files.path("empty"), "")?;
    let [certificate, key, other_key, empty, missing] =
        ["tls.crt", "tls.key", "other.key", "empty", "missing"].map(|name| files.path(name));
    for (certificate, key, message) in [
        (
            &*certificate,
            "",
            "admin.tls_key = \"\" from the defaults is refused: expected a file, because admin.tls_certificate is set",
        ),
        (
            "",
            &*key,
            "admin.tls_certificate = \"\" from the defaults is refused: expected a file, because admin.tls_key is set",
        ),
        (&*missing, &*key, &*format!("admin.tls_certificate = \"{missing}\" cannot be used: ")),
        (&*certificate, &*missing, &*format!("admin.tls_key = \"{missing}\" cannot be used: ")),
        (
            &*empty,
            &*key,
            &*format!("admin.tls_certificate = \"{empty}\" cannot be used: it has no certificate"),
        ),
        (&*certificate, &*empty, &*format!("admin.tls_key = \"{empty}\" cannot be used: ")),
        (&*certificate, &*certificate, &*format!("admin.tls_key = \"{certificate}\" cannot be used: ")),
        (
            &*certificate,
            &*other_key,
            "the files in admin.tls_certificate and admin.tls_key cannot be used together: ",
        ),
    ] {
        let set = [("GOCHAT__ADMIN__TLS_CERTIFICATE", certificate), ("GOCHAT__ADMIN__TLS_KEY", key)];
        let set: Vec<_> = set.into_iter().filter(|(_, file)| !file.is_empty()).collect();
        let always = [("GOCHAT__HTTP__BIND", "127.0.0.1:0"), ("GOCHAT__ADMIN__BIND", "127.0.0.1:0")];
        let folder = TempDir::new()?;
        let ended = run_in(folder.path(), &[], &[&always, &set[..]].concat());
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.starts_with("gochat: ") || ended.stderr.contains(" ERROR "), "{ended:?}");
        assert!(ended.stderr.contains(message), "{message} is not in {ended:?}");
        assert!(!ended.stderr.contains("PRIVATE KEY"), "{ended:?}");
        assert_eq!(fs::read_dir(folder.path())?.count(), 0, "something was made");
    }
    Ok(())
}
