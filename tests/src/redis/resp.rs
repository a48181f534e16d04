use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a Redis may take to answer before it counts as away.
const ANSWER_WAIT: Duration = Duration::from_secs(2);

/// What Redis answers (RESP2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A status, a string, or an error's text.
    Text(String),
    /// A number.
    Number(i64),
    /// A list.
    List(Vec<Reply>),
    /// Nothing.
    Nothing,
}

impl Reply {
    /// All its texts, one after the other.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::List(replies) => replies.iter().map(Self::text).collect::<Vec<_>>().join(" "),
            Self::Nothing => String::new(),
        }
    }
}

/// Asks a Redis on a connection of its own: no code is shared with the service's own client. Nothing where it is
/// away.
pub async fn ask_redis(address: SocketAddr, command: &[&str]) -> Option<Reply> {
    timeout(ANSWER_WAIT, ask(address, command)).await.ok()?
}

async fn ask(address: SocketAddr, command: &[&str]) -> Option<Reply> {
    let mut stream = BufReader::new(TcpStream::connect(address).await.ok()?);
    let mut request = format!("*{}\r\n", command.len());
    for word in command {
        request += &format!("${}\r\n{word}\r\n", word.len());
    }
    stream.write_all(request.as_bytes()).await.ok()?;
    read(&mut stream).await
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Reply> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let (kind, rest) = line.trim_end().split_at_checked(1)?;
    match kind {
        "+" | "-" => Some(Reply::Text(rest.to_owned())),
        ":" => Some(Reply::Number(rest.parse().ok()?)),
        "$" => {
            let Ok(length) = rest.parse::<usize>() else { return Some(Reply::Nothing) };
            let mut bytes = vec![0; length + 2];
            stream.read_exact(&mut bytes).await.ok()?;
            Some(Reply::Text(String::from_utf8_lossy(&bytes[..length]).into_owned()))
        }
        "*" => {
            let Ok(length) = rest.parse::<usize>() else { return Some(Reply::Nothing) };
            let mut replies = Vec::new();
            for _ in 0..length {
                replies.push(Box::pin(read(stream)).await?);
            }
            Some(Reply::List(replies))
        }
        _ => None,
    }
}
