//! The real programs, each started for itself in a folder of its own: two scripts that read paths
//! from their standard input, and two servers on a socket file.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tailor_harness::readers::Reader;
use tempfile::TempDir;

/// How long a server may take to start. Tomcat compiles a page.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Answers a line of hexadecimal digits for each path, or `-` for none.
const NODE: &str = r#"
const base = "http://base.invalid";
require("readline").createInterface({ input: process.stdin }).on("line", (path) => {
  let read = "-";
  try {
    const url = new URL(path, base);
    if (url.origin === base) read = Buffer.from(url.pathname).toString("hex");
  } catch {}
  console.log(read);
});
"#;

const PYTHON: &str = r#"
import posixpath, sys, urllib.parse
for path in sys.stdin:
    read = posixpath.normpath(urllib.parse.unquote(path.rstrip("\n")))
    print(read.encode("utf-8", "surrogateescape").hex(), flush=True)
"#;

const NGINX: &str = "daemon off; master_process off; pid pid; error_log stderr crit;
events {}
http {
  access_log off; client_body_temp_path a; proxy_temp_path b; fastcgi_temp_path c; uwsgi_temp_path d; scgi_temp_path e;
  server { listen unix:SOCKET; location / { default_type text/plain; return 200 $uri; } }
}";

const TOMCAT: &str = r#"<Server port="-1"><Service name="Catalina">
<Connector protocol="org.apache.coyote.http11.Http11NioProtocol" unixDomainSocketPath="SOCKET"/>
<Engine name="Catalina" defaultHost="localhost"><Host name="localhost" appBase="webapps"/></Engine>
</Service></Server>"#;

const SERVLETS: &str = r#"<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">
<servlet><servlet-name>path</servlet-name><jsp-file>/path.jsp</jsp-file></servlet>
<servlet-mapping><servlet-name>path</servlet-name><url-pattern>/*</url-pattern></servlet-mapping>
</web-app>"#;

/// Which path the container mapped, not the one that was sent.
const PAGE: &str = r#"<%@page contentType="text/plain;charset=UTF-8"%><%
String info = request.getPathInfo();
out.print(request.getServletPath() + (info == null ? "" : info));
%>"#;

/// A program that is running.
pub struct Program {
    version: String,
    child: Child,
    transport: Transport,
    /// Below the process, so that it is removed after that has ended.
    folder: TempDir,
}

enum Transport {
    Script(ChildStdin, BufReader<ChildStdout>),
    Server,
}

impl Program {
    /// Starts the program that this is a model of.
    pub fn start(reader: Reader) -> anyhow::Result<Self> {
        match reader {
            Reader::Nginx => Self::nginx(),
            Reader::Node => Self::script(Command::new("node").args(["-e", NODE]), "node"),
            Reader::Python => Self::script(Command::new("python3").args(["-c", PYTHON]), "python3"),
            Reader::Tomcat => Self::tomcat(),
        }
    }

    /// Its reported version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The path as it reads it.
    pub fn read(&mut self, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
        match &mut self.transport {
            Transport::Script(input, output) => {
                writeln!(input, "{path}")?;
                let mut line = String::new();
                output.read_line(&mut line)?;
                match line.trim_end() {
                    "-" => Ok(None),
                    hex => Ok(Some(bytes(hex).context("the script's answer")?)),
                }
            }
            Transport::Server => get(&self.folder.path().join("socket"), path),
        }
    }

    fn script(command: &mut Command, program: &str) -> anyhow::Result<Self> {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("it does not start")?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (input, output) = pipes.context("it has no pipes")?;
        Ok(Self {
            version: version(Command::new(program).arg("--version"))?,
            transport: Transport::Script(input, BufReader::new(output)),
            child,
            folder: tempfile::tempdir()?,
        })
    }

    fn nginx() -> anyhow::Result<Self> {
        let program = ["/usr/sbin/nginx", "nginx"];
        let program = program.into_iter().find(|it| Path::new(it).exists());
        let program = program.unwrap_or("nginx");
        let folder = tempfile::tempdir()?;
        // Taken from the folder in which the program was started, not from that of its files.
        let socket = folder.path().join("socket").display().to_string();
        fs::write(folder.path().join("conf"), NGINX.replace("SOCKET", &socket))?;
        let mut command = Command::new(program);
        command
            .arg("-p")
            .arg(folder.path())
            .args(["-e", "stderr", "-c", "conf"]);
        Self::server(
            &mut command,
            folder,
            version(Command::new(program).arg("-v"))?,
        )
    }

    fn tomcat() -> anyhow::Result<Self> {
        let home = Path::new("/usr/share/tomcat10");
        let folder = tempfile::tempdir()?;
        let at = folder.path();
        let app = at.join("webapps/ROOT");
        fs::create_dir_all(app.join("WEB-INF"))?;
        for name in ["conf", "logs", "temp", "work"] {
            fs::create_dir(at.join(name))?;
        }
        let socket = at.join("socket").display().to_string();
        fs::write(
            at.join("conf/server.xml"),
            TOMCAT.replace("SOCKET", &socket),
        )?;
        // The usual settings of Debian's package: they name the servlet that compiles pages.
        fs::copy(home.join("etc/web.xml"), at.join("conf/web.xml"))?;
        fs::write(app.join("WEB-INF/web.xml"), SERVLETS)?;
        fs::write(app.join("path.jsp"), PAGE)?;
        let java = |main: &str, classes: [&str; 2]| {
            let classes = classes
                .map(|jar| home.join(jar).display().to_string())
                .join(":");
            let mut command = Command::new("java");
            command
                .args(["-cp", &classes])
                .arg(format!("-Dcatalina.home={}", home.display()))
                .arg(format!("-Dcatalina.base={}", at.display()))
                .arg(format!("-Djava.io.tmpdir={}", at.join("temp").display()))
                .arg(main);
            command
        };
        let version = version(&mut java(
            "org.apache.catalina.util.ServerInfo",
            ["lib/catalina.jar", "lib/tomcat-util.jar"],
        ))?;
        let mut command = java(
            "org.apache.catalina.startup.Bootstrap",
            ["bin/bootstrap.jar", "bin/tomcat-juli.jar"],
        );
        command.arg("start").stderr(Stdio::null());
        Self::server(&mut command, folder, version)
    }

    fn server(command: &mut Command, folder: TempDir, version: String) -> anyhow::Result<Self> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let mut program = Self {
            version,
            child: child.context("it does not start")?,
            transport: Transport::Server,
            folder,
        };
        let started = Instant::now();
        while !matches!(program.read("/ready"), Ok(Some(read)) if read == b"/ready") {
            let ended = program.child.try_wait()?;
            anyhow::ensure!(ended.is_none(), "it ended at once");
            anyhow::ensure!(started.elapsed() < TIMEOUT, "it is not ready");
            #[expect(
                clippy::disallowed_methods,
                reason = "a command that waits for another program; nothing else runs on its thread"
            )]
            sleep(Duration::from_millis(50));
        }
        Ok(program)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first line of a program's version, of either output.
fn version(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().context("it is not installed")?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    Ok(said.lines().next().unwrap_or_default().trim().to_owned())
}

/// Sends a request over a connection of its own. `None` for any other answer than 200.
fn get(socket: &Path, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
    let mut stream = UnixStream::connect(socket)?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let head = answer.windows(4).position(|at| at == b"\r\n\r\n");
    let (head, body) = answer.split_at(head.context("no answer")? + 4);
    let head = String::from_utf8_lossy(head).to_lowercase();
    if !head.starts_with("http/1.1 200") {
        return Ok(None);
    }
    if !head.contains("transfer-encoding: chunked") {
        return Ok(Some(body.to_owned()));
    }
    // One chunk: the answers are short.
    let text = body
        .windows(2)
        .position(|at| at == b"\r\n")
        .context("no chunk")?;
    let size = std::str::from_utf8(&body[..text])?;
    let size = usize::from_str_radix(size.trim(), 16)?;
    Ok(Some(body[text + 2..text + 2 + size].to_owned()))
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = (0..hex.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok())
        .collect()
}
