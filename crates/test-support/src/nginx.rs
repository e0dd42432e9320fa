//! nginx as a reverse proxy in front of the service, under a path.

use crate::{deadline::eventually, port, supervisor::Supervisor};
use anyhow::{Context, bail};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

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
pub struct Nginx {
    _supervisor: Supervisor,
    port: u16,
    _folder: TempDir,
}

const SCRIPT: &str = r#"
folder=$2
"$1" -p "$folder" -e "$folder/log" -c "$folder/nginx.conf" </dev/null >/dev/null &
end() {
    kill "$!"
    wait
    rm -rf "$folder"
}
"#;

/// Number of ports to try, as another process may take a free one first.
const ATTEMPTS: u32 = 5;

impl Nginx {
    /// Starts nginx in front of a port of this machine. It forwards requests under `path`, which has a slash at each
    /// end.
    pub fn in_front_of(service: u16, path: &str) -> anyhow::Result<Self> {
        let program = program()?;
        for _ in 0..ATTEMPTS {
            let folder = tempfile::Builder::new().prefix("gochat-nginx-").tempdir()?;
            let (at, port) = (folder.path().to_str().context("no path in UTF-8")?.to_owned(), port::free()?);
            fs::write(folder.path().join("nginx.conf"), settings(&program, &at, port, service, path)?)?;
            let supervisor =
                Supervisor::start(Command::new("sh"), SCRIPT, &[&program.display().to_string(), &at])?;
            let log = eventually("nginx listens, or says why not", || {
                let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
                Some(log).filter(|log| log.contains("event method") || log.contains("[emerg]"))
            });
            if !log.contains("[emerg]") {
                return Ok(Self { _supervisor: supervisor, port, _folder: folder });
            }
        }
        bail!("nginx does not start")
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// The path of the program; on Debian it is outside the `PATH` of most users.
pub(crate) fn program() -> anyhow::Result<PathBuf> {
    let on_path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&on_path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join("nginx"))
        .find(|program| program.is_file())
        .context("nginx is not installed (Debian: apt-get install nginx-light)")
}

/// The configuration: a single process, which writes only to its folder.
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
         error_log {folder}/log notice;
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
