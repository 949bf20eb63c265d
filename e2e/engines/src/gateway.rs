//! nginx before the pods, as a load balancer would stand before them elsewhere.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};

use crate::ask::Ready;
use crate::engines::Engines;
use crate::process::Spec;
use crate::site::program;

/// The process's name.
const NAME: &str = "nginx";

/// One nginx for these pods.
pub(crate) fn spec(engines: &Engines, port: u16, pods: &[u16]) -> Result<Spec> {
    let dir = engines.home(NAME)?;
    let file = dir.join("nginx.conf");
    let text = config(port, pods, &dir, &engines.logs().join("nginx-access.log"));
    std::fs::write(&file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    let words = ["-p", &dir.to_string_lossy(), "-e", "stderr", "-c", &file.to_string_lossy()].map(str::to_owned);
    Ok(Spec {
        name: NAME.to_owned(),
        program: program("SOTTO_NGINX", &["nginx"])?,
        args: words.into(),
        env: Vec::new(),
        log: engines.log(NAME),
        ports: vec![port],
        ready: Ready::Http(port, "/readyz".to_owned()),
        dir,
    })
}

fn config(port: u16, pods: &[u16], dir: &Path, access: &Path) -> String {
    let mut servers = String::new();
    for pod in pods {
        // Writing to a string does not fail.
        let _ = writeln!(servers, "        server 127.0.0.1:{pod} max_fails=0;");
    }
    let (dir, access) = (dir.display(), access.display());
    format!(
        r#"# One process, which can be killed without leaving workers behind. Elsewhere: a master and its workers.
daemon off;
master_process off;
pid "{dir}/nginx.pid";
error_log stderr;

events {{
    worker_connections 4096;
}}

http {{
    access_log "{access}";
    client_body_temp_path "{dir}/body";
    proxy_temp_path "{dir}/proxy";
    fastcgi_temp_path "{dir}/fastcgi";
    uwsgi_temp_path "{dir}/uwsgi";
    scgi_temp_path "{dir}/scgi";

    # No pod is taken out for a while after a failure: on one machine a pod that is gone refuses at once and the next is
    # asked, while a connection that breaks for one client's sake must not cost all others the pod.

    # Any pod can answer any call.
    upstream any {{
        least_conn;
{servers}    }}

    # A session of Engine.IO over HTTP polling lives in the memory of the pod that opened it, and its requests come one
    # by one. The request that opens it has no `sid` yet, and the pod chooses the `sid` at random: a hash of it would
    # lead elsewhere. So what is hashed is what all requests of a client share, from the first: its address, and its
    # program, for many people may stand behind one address.
    upstream same {{
        hash $remote_addr$http_user_agent consistent;
{servers}    }}

    # A WebSocket without a `sid` is a whole session in one connection: no stickiness needed. One with a `sid` takes
    # over a session that began with polling, and has to reach the pod that holds it.
    map "$arg_transport:$arg_sid" $socket_pods {{
        "websocket:" any;
        default same;
    }}

    map $http_upgrade $connection_upgrade {{
        default upgrade;
        "" "";
    }}

    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
    proxy_connect_timeout 2s;
    # The next pod, where one cannot be reached or does not answer; but what may have been done is not done twice:
    # a POST goes on only if it was not sent yet. A pod's 503 is an answer, and people get it.
    proxy_next_upstream error timeout;
    proxy_next_upstream_tries 2;

    server {{
        listen 127.0.0.1:{port};
        # Larger than the server's own limits: those are the ones that people are told of.
        client_max_body_size 64m;

        location / {{
            proxy_pass http://any;
        }}

        location /socket.io/ {{
            proxy_pass http://$socket_pods;
            # Longer than any silence between two heartbeats, or than the day on which nobody writes.
            proxy_read_timeout 1h;
            proxy_send_timeout 1h;
            proxy_buffering off;
        }}

        # Figures have addresses of their own, and are nobody's business here; should a pod ever serve them, no.
        location /metrics {{
            return 404;
        }}
    }}
}}
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pod_is_behind_both_ways_and_only_loopback_listens() {
        let text = config(8088, &[24_101, 24_102], Path::new("/x"), Path::new("/y"));
        assert_eq!(text.matches("server 127.0.0.1:24101 ").count(), 2);
        assert_eq!(text.matches("server 127.0.0.1:24102 ").count(), 2);
        assert_eq!(text.matches("listen ").count(), 1);
        assert!(text.contains("listen 127.0.0.1:8088;"));
        assert_eq!(text.matches('{').count(), text.matches('}').count());
    }
}
