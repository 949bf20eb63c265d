//! Accepting connections: HTTP/1.1 with upgrades, headers in time or none at all, a graceful end.

use std::{net::SocketAddr, pin::pin, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;
use tracing::{debug, warn};

/// How long a client may take to send its request's head.
const HEAD_TIME: Duration = Duration::from_secs(15);
/// How long what was sent may stay unacknowledged before the kernel gives the connection up.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);
/// How long requests may take to end once the pod stops.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// An address that is bound and not yet served.
pub struct Listening {
    listener: TcpListener,
    /// Where it is.
    pub address: SocketAddr,
}

/// Binds an address; the error names the setting.
pub async fn listen(setting: &str, address: SocketAddr) -> anyhow::Result<Listening> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| anyhow::anyhow!("{setting}: can't listen on {address}: {error}"))?;
    let address = listener.local_addr()?;
    Ok(Listening { listener, address })
}

impl Listening {
    /// Serves until told to stop; then takes no more connections and lets running requests end.
    pub async fn serve(self, router: Router, stop: CancellationToken) {
        let connections = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Most likely out of file descriptors: the next ones to close make room.
                    warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            tune(&stream);
            let service = router.clone().map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
                request.extensions_mut().insert(ConnectInfo(peer));
                request.map(axum::body::Body::new)
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIME)
                .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
                .with_upgrades();
            let stop = stop.clone();
            connections.spawn(async move {
                let mut connection = pin!(connection);
                let ended = tokio::select! {
                    ended = connection.as_mut() => ended,
                    () = stop.cancelled() => {
                        connection.as_mut().graceful_shutdown();
                        connection.await
                    }
                };
                if let Err(error) = ended {
                    debug!(%error, "a connection ended badly");
                }
            });
        }
        drop(self.listener);
        connections.close();
        if tokio::time::timeout(LAST_REQUESTS, connections.wait()).await.is_err() {
            warn!("requests were still running after {} s", LAST_REQUESTS.as_secs());
        }
    }
}

fn tune(stream: &TcpStream) {
    let socket = socket2::SockRef::from(stream);
    let tuned = socket.set_tcp_nodelay(true).and_then(|()| {
        #[cfg(target_os = "linux")]
        socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
        Ok(())
    });
    if let Err(error) = tuned {
        debug!(%error, "a connection could not be tuned");
    }
}
