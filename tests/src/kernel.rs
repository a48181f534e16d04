use std::fs;
use std::net::SocketAddr;

/// `TCP_ESTABLISHED`, as `/proc/net/tcp` spells it (proc_net_tcp, include/net/tcp_states.h).
const ESTABLISHED: &str = "01";

/// Connections that the kernel holds established at these listening addresses of IPv4, seen from their side.
///
/// # Panics
/// Where the kernel does not tell, as others than Linux do not.
#[must_use]
pub fn established(listening: &[SocketAddr]) -> u64 {
    let table = fs::read_to_string("/proc/net/tcp").expect("Linux tells of its sockets");
    let ports: Vec<u16> = listening.iter().map(SocketAddr::port).collect();
    let count = table.lines().filter_map(established_port).filter(|port| ports.contains(port)).count();
    count as u64
}

/// The local port of a line's socket, where that is established.
fn established_port(line: &str) -> Option<u16> {
    let mut fields = line.split_whitespace().skip(1);
    let (local, _remote, state) = (fields.next()?, fields.next()?, fields.next()?);
    let (_, port) = local.rsplit_once(':')?;
    (state == ESTABLISHED).then(|| u16::from_str_radix(port, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn connections_are_counted_on_the_side_that_listens() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(established(&[address]), 0);
        let clients = [(); 3].map(|()| TcpStream::connect(address).unwrap());
        let accepted = [(); 3].map(|()| listener.accept().unwrap());
        assert_eq!(established(&[address]), 3);
        assert_eq!(established(&[]), 0);
        drop((clients, accepted));
    }
}
