//! nginx as a reverse proxy in front of the service, under a path.

use crate::proxy::{Program, Proxy};
use std::{fs, path::Path, process::Command};

/// An nginx that forwards requests under a path, without that path. It stops when this value is dropped, and also
/// when this process is killed.
///
/// # Example
/// ```no_run
/// use gochat_test_support::{Nginx, http::Request};
///
/// let service = 1213;
/// let nginx = Nginx::in_front_of(service, "/api/")?;
/// // The service receives a request for `/docs`.
/// let reply = Request::new("GET", "/api/docs").send(nginx.port());
/// # anyhow::Ok(())
/// ```
pub struct Nginx(Proxy);

pub(crate) const PROGRAM: Program = Program { name: "nginx", package: "nginx-light" };

impl Nginx {
    /// Starts nginx in front of a port of this machine. It forwards requests under `path`, which has a slash at each
    /// end.
    pub fn in_front_of(service: u16, path: &str) -> anyhow::Result<Self> {
        let program = PROGRAM.find()?;
        let proxy = Proxy::start(&PROGRAM, |folder, port| {
            let [file, log] = ["nginx.conf", "log"].map(|name| format!("{folder}/{name}"));
            fs::write(&file, settings(&program, folder, port, service, path)?)?;
            Ok(["-p".to_owned(), folder.to_owned(), "-e".to_owned(), log, "-c".to_owned(), file])
        })?;
        Ok(Self(proxy))
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.0.port
    }
}

/// The settings: one process, which writes only to its folder.
fn settings(program: &Path, folder: &str, port: u16, service: u16, path: &str) -> anyhow::Result<String> {
    let built = Command::new(program).arg("-V").output()?;
    let built = String::from_utf8_lossy(&built.stderr).into_owned();
    let is_built = |module: &&str| !built.contains(&format!("--without-http_{module}_module"));
    let modules = ["proxy", "fastcgi", "uwsgi", "scgi"].into_iter().filter(is_built);
    let temporary: Vec<_> = modules.map(|module| format!("{module}_temp_path {module};\n")).collect();
    Ok(format!(
        "daemon off;
         master_process off;
         pid {folder}/pid;
         error_log stderr;
         events {{}}
         http {{
             access_log off;
             client_body_temp_path body;
             {}
             server {{
                 listen 127.0.0.1:{port};
                 location {path} {{
                     proxy_pass http://127.0.0.1:{service}/;
                 }}
             }}
         }}",
        temporary.concat()
    ))
}
