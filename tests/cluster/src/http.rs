//! Asking servers: plain, or with TLS and a client certificate.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    path::Path,
    sync::Arc,
    time::Duration,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use serde_json::Value;

use crate::authority::Identity;

/// Longer than any server here may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The status and body of a path on a port of this machine, if something answers there.
pub fn get(port: u16, path: &str) -> io::Result<(u16, String)> {
    let mut stream = connect(port)?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")?;
    answer(&mut stream)
}

/// A connection to a server with TLS.
pub struct Connection(BufReader<Stream>);

type Stream = StreamOwned<ClientConnection, TcpStream>;

/// A client of a server with TLS.
#[derive(Clone)]
pub struct Asking {
    port: u16,
    name: ServerName<'static>,
    tls: Arc<ClientConfig>,
}

impl Asking {
    /// Trusts this CA; shows this certificate, if any.
    pub fn new(port: u16, ca: &Path, identity: Option<&Identity>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let tls = tls.with_root_certificates(roots);
        let tls = match identity {
            None => tls.with_no_client_auth(),
            Some(identity) => {
                let chain = vec![CertificateDer::from_pem_file(identity.certificate()).unwrap()];
                tls.with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(identity.key()).unwrap()).unwrap()
            }
        };
        Self { port, name: ServerName::try_from("127.0.0.1").unwrap(), tls: Arc::new(tls) }
    }

    /// The same, where the server is to show a certificate for this name.
    #[must_use]
    pub fn by_name(self, name: &str) -> Self {
        Self { name: ServerName::try_from(name.to_owned()).unwrap(), ..self }
    }

    /// The certificate that the server shows, in DER, where it is one to be trusted.
    pub fn certificate(&self) -> io::Result<Vec<u8>> {
        let mut stream = self.stream()?;
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        let shown = stream.conn.peer_certificates().and_then(<[_]>::first);
        Ok(shown.ok_or(io::ErrorKind::InvalidData)?.to_vec())
    }

    /// The status and body of a path.
    pub fn get(&self, path: &str) -> io::Result<(u16, String)> {
        self.ask("GET", path, "")
    }

    /// The status and body that a JSON document is answered with.
    pub fn post(&self, path: &str, document: &Value) -> io::Result<(u16, String)> {
        self.ask("POST", path, &document.to_string())
    }

    /// A connection for one request after the other.
    pub fn connect(&self) -> io::Result<Connection> {
        self.stream().map(|stream| Connection(BufReader::new(stream)))
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> io::Result<(u16, String)> {
        let mut stream = self.stream()?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        stream.flush()?;
        answer(&mut stream)
    }

    fn stream(&self) -> io::Result<Stream> {
        let connection = ClientConnection::new(Arc::clone(&self.tls), self.name.clone()).map_err(io::Error::other)?;
        let socket = connect(self.port)?;
        socket.set_nodelay(true)?;
        Ok(StreamOwned::new(connection, socket))
    }
}

impl Connection {
    /// Leaves after a request, or before the last bytes of it.
    pub fn leave_after(mut self, path: &str, document: &str, without: usize) -> io::Result<()> {
        let length = document.len();
        let sent = &document[..length - without.min(length)];
        write!(
            self.0.get_mut(),
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{sent}"
        )?;
        self.0.get_mut().flush()
    }

    /// The status and body that a JSON document is answered with.
    pub fn post(&mut self, path: &str, document: &str) -> io::Result<(u16, String)> {
        let length = document.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{document}"
        );
        self.0.get_mut().write_all(request.as_bytes())?;
        self.0.get_mut().flush()?;
        let (mut status, mut length) = (None, None);
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match line.trim_end() {
                "" => break,
                line if status.is_none() => status = line.split(' ').nth(1).and_then(|status| status.parse().ok()),
                line => {
                    let line = line.to_ascii_lowercase();
                    length = length.or(line.strip_prefix("content-length: ").and_then(|length| length.parse().ok()));
                }
            }
        }
        let mut body = vec![0; length.ok_or(io::ErrorKind::InvalidData)?];
        self.0.read_exact(&mut body)?;
        let body = String::from_utf8(body).map_err(io::Error::other)?;
        Ok((status.ok_or(io::ErrorKind::InvalidData)?, body))
    }
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Reads to the end of the connection. Servers that keep their answers whole say their length, so nothing here takes chunks apart.
fn answer(stream: &mut impl io::Read) -> io::Result<(u16, String)> {
    let mut bytes = Vec::new();
    match stream.take(64 << 20).read_to_end(&mut bytes) {
        // A server may leave without TLS's goodbye; the answer's length is what says whether it is whole.
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof || bytes.is_empty() => return Err(error),
        _ => {}
    }
    let text = String::from_utf8(bytes).map_err(io::Error::other)?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let length =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
    if length.is_some_and(|length| length != body.len()) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    Ok((status, body.to_owned()))
}
