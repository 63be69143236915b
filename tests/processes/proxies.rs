//! Real proxies in front of the app, with the lines that the page "Proxies" shows: the address of a
//! client is the one that the outermost proxy saw.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crudauth::Backend;
use crudauth_tests::{
    Answer, App, AppBuilder, Kind, PASSWORD, Server, Setting, parse_answer, session, sign_up,
};
use poem::listener::{Acceptor, Listener, TcpListener};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

const PAGE: &str = include_str!("../../crudauth/docs/proxies.md");

/// Trusts so many proxies, and no limits.
struct Hops(usize);

impl Setting for Hops {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder.trusted_proxy_hops(self.0).rate_limits(crudauth::RateLimits::off())
    }
}

/// Serves an app with an account, and returns the port.
async fn serve(hops: usize) -> u16 {
    let app = App::with(Kind::Sqlite, Hops(hops)).await;
    assert_eq!(app.browser().post("/register", sign_up("ada")).await.status, 202);
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
    let port = acceptor.local_addr()[0].as_socket_addr().unwrap().port();
    tokio::spawn(poem::Server::new_with_acceptor(acceptor).run(app.into_endpoint()));
    port
}

/// The `n`-th block of configuration of the page that begins with `start`, with these ports.
fn lines(start: &str, listen: &str, upstream: u16) -> String {
    let block =
        PAGE.split("```").find(|block| block.trim_start_matches("text\n").starts_with(start));
    let block = block.unwrap_or_else(|| panic!("no block of the page starts with `{start}`"));
    let block = block.trim_start_matches("text\n");
    block
        .replace("*:8080", listen)
        .replace("8080", listen)
        .replace("127.0.0.1:8000", &format!("127.0.0.1:{upstream}"))
}

/// Sends a request from an address of this machine.
async fn send(from: IpAddr, port: u16, head: &str, body: &str) -> Answer {
    let (socket, to) = match from {
        IpAddr::V4(_) => (TcpSocket::new_v4().unwrap(), IpAddr::V4(Ipv4Addr::LOCALHOST)),
        IpAddr::V6(_) => (TcpSocket::new_v6().unwrap(), IpAddr::V6(Ipv6Addr::LOCALHOST)),
    };
    socket.bind(SocketAddr::new(from, 0)).unwrap();
    let mut stream = socket.connect(SocketAddr::new(to, port)).await.unwrap();
    let length = body.len();
    let request = format!(
        "{head}host: app.example.com\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    parse_answer(&answer).unwrap_or_else(|| panic!("no answer: {answer}"))
}

/// The address that the app sees for a sign-in from `from`, with headers of the client.
async fn seen(from: IpAddr, port: u16, headers: &str) -> String {
    let head = format!(
        "POST /login HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded\r\n{headers}"
    );
    let answer = send(from, port, &head, &format!("username=ada&password={PASSWORD}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let cookie = session(&answer);
    let head = format!("GET /sessions HTTP/1.1\r\ncookie: {cookie}\r\n");
    let sessions = send(from, port, &head, "").await.json();
    let current = sessions.as_array().unwrap().iter().find(|one| one["current"] == true);
    current.unwrap()["ip"].as_str().unwrap().to_owned()
}

const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 7));
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// Headers with which a client pretends to be another.
const FORGED: &str = "x-forwarded-for: 203.0.113.9\r\nforwarded: for=203.0.113.9\r\n\
                      x-real-ip: 203.0.113.9\r\nx-client-ip: 203.0.113.9\r\n";

/// A page of this host may sign in: the proxy passes the host.
async fn accepts_its_own_pages(port: u16) {
    for (origin, status) in [("https://app.example.com", 200), ("https://evil.example", 403)] {
        let head = format!(
            "POST /login HTTP/1.1\r\norigin: {origin}\r\n\
             content-type: application/x-www-form-urlencoded\r\n"
        );
        let form = format!("username=ada&password={PASSWORD}");
        assert_eq!(send(OTHER, port, &head, &form).await.status, status, "{origin}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nginx_reports_the_client_and_no_forged_address() {
    let app = serve(1).await;
    let nginx = Server::nginx(|port| {
        let listen = format!("{port}; listen [::1]:{port}");
        lines("server {\n    listen 8080;\n", &listen, app)
    });
    for from in [OTHER, V6] {
        assert_eq!(seen(from, nginx.port(), "").await, from.to_string());
        assert_eq!(seen(from, nginx.port(), FORGED).await, from.to_string());
    }
    accepts_its_own_pages(nginx.port()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn haproxy_reports_the_client_and_no_forged_address() {
    let app = serve(1).await;
    let haproxy = Server::haproxy(|port| {
        lines("frontend", &format!("127.0.0.1:{port}\n    bind [::1]:{port}"), app)
    });
    for from in [OTHER, V6] {
        assert_eq!(seen(from, haproxy.port(), "").await, from.to_string());
        assert_eq!(seen(from, haproxy.port(), FORGED).await, from.to_string());
    }
    accepts_its_own_pages(haproxy.port()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_proxies_report_the_client_of_the_outer_one() {
    let app = serve(2).await;
    let nginx = Server::nginx(|port| lines("server {\n    listen 8080;\n", &port.to_string(), app));
    let haproxy =
        Server::haproxy(|port| lines("frontend", &format!("127.0.0.1:{port}"), nginx.port()));
    assert_eq!(seen(OTHER, haproxy.port(), "").await, OTHER.to_string());
    assert_eq!(seen(OTHER, haproxy.port(), FORGED).await, OTHER.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nginx_reports_the_client_of_a_balancer_with_the_proxy_protocol() {
    let app = serve(1).await;
    let nginx = Server::nginx(|port| {
        lines("server {\n    listen 8080 proxy_protocol;\n", &port.to_string(), app)
    });
    let balancer = Server::haproxy(|port| {
        let target = nginx.port();
        format!(
            "listen balancer\n  mode tcp\n  bind 127.0.0.1:{port}\n  \
             server nginx 127.0.0.1:{target} send-proxy-v2\n"
        )
    });
    assert_eq!(seen(OTHER, balancer.port(), "").await, OTHER.to_string());
    assert_eq!(seen(OTHER, balancer.port(), FORGED).await, OTHER.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_trusted_proxy_the_peer_is_the_client() {
    let app = serve(0).await;
    assert_eq!(seen(OTHER, app, FORGED).await, OTHER.to_string());
    let nginx = Server::nginx(|port| lines("server {\n    listen 8080;\n", &port.to_string(), app));
    assert_eq!(seen(OTHER, nginx.port(), "").await, "127.0.0.1", "the proxy is the peer");
}
