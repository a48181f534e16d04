use std::future::Future;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::OnceLock;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// Where the stand-ins of a test run that stand for other machines: a runtime of their own, so that a test with
/// thousands of clients does not keep its own DynamoDB from answering.
fn backstage() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let built =
            Builder::new_multi_thread().worker_threads(2).thread_name("backstage").enable_all().build();
        built.expect("the machine has two more threads")
    })
}

/// Listens on a free port of loopback and lets `serve` do with the listener what it does, backstage. Returns the
/// address and the task.
pub(crate) fn serve<F>(serve: impl FnOnce(TcpListener) -> F + Send + 'static) -> (SocketAddr, JoinHandle<()>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = StdListener::bind(("127.0.0.1", 0)).expect("there is a free port");
    listener.set_nonblocking(true).expect("a listener can be made non-blocking");
    let address = listener.local_addr().expect("a bound listener has an address");
    let serving = backstage().spawn(async move {
        serve(TcpListener::from_std(listener).expect("it is non-blocking")).await;
    });
    (address, serving)
}
