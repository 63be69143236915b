//! What is counted together: spellings of one name, and addresses of one client.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crudauth::Backend;
use crudauth_tests::failed_logins::{WRONG, fail_login, lock_seconds};
use crudauth_tests::{App, AppBuilder, Kind, PASSWORD, Setting};
use poem::listener::{Acceptor, Listener, TcpListener};
use poem::{EndpointExt, Route, Server};

use super::app;

/// Trusts no proxy.
struct NoProxy;

impl Setting for NoProxy {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder.trusted_proxy_hops(0)
    }
}

#[tokio::test]
async fn spellings_of_an_unknown_name_share_one_counter() {
    let app = app().await;
    for names in [
        ["nobody", "NOBODY", "NoBody", "\u{ff2e}obody", "nobod\u{ff39}", "nobody"],
        [
            "no@example.com",
            "NO@EXAMPLE.COM",
            " no@example.com",
            "no@Example.com\t",
            "nO@example.com",
            "no@example.com",
        ],
        ["caf\u{e9}", "cafe\u{301}", "CAF\u{c9}", "CAFE\u{301}", "\u{ff43}af\u{e9}", "caf\u{e9}"],
        ["no name", "NO NAME", " no name", "no name ", "No Name", "no name"],
    ] {
        let (last, first) = names.split_last().unwrap();
        for name in first {
            fail_login(&app.browser(), name, 1).await;
        }
        lock_seconds(&app.browser(), last).await;
    }
}

#[tokio::test]
async fn spellings_of_an_address_share_one_counter() {
    let app = app().await;
    for spellings in [
        [
            "2001:db8:1:2::1",
            "2001:db8:1:2:ffff::",
            "2001:DB8:1:2::3",
            "[2001:db8:1:2::4]:443",
            "2001:0db8:0001:0002:0:0:0:5",
            "2001:db8:1:2::6",
        ],
        [
            "198.51.100.7",
            "::ffff:198.51.100.7",
            "198.51.100.7:4711",
            "::FFFF:c633:6407",
            "6.6.6.6, 198.51.100.7",
            "198.51.100.7",
        ],
    ] {
        let (last, first) = spellings.split_last().unwrap();
        for (at, ip) in first.iter().enumerate() {
            fail_login(&app.browser().at(ip), &format!("{at}-{last}"), 1).await;
        }
        lock_seconds(&app.browser().at(last), "another").await;
    }
    fail_login(&app.browser().at("2001:db8:1:3::1"), "another", 1).await;
    fail_login(&app.browser().at("198.51.100.8"), "another", 1).await;
}

/// Sends a wrong password over a socket with one more header and returns the status.
fn knock(address: SocketAddr, name: &str, header: &str) -> u16 {
    let mut socket = TcpStream::connect(address).unwrap();
    let body = format!("username={name}&password={WRONG}");
    let head = format!(
        "POST /login HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{header}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all((head + &body).as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer["HTTP/1.1 ".len()..][..3].parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_trusted_proxy_headers_do_not_change_the_client() {
    let app = App::with(Kind::Sqlite, NoProxy).await;
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
    let address = *acceptor.local_addr().remove(0).as_socket_addr().unwrap();
    let routes = app.auth.mount(Route::new()).with(app.auth.clone());
    let server = tokio::spawn(Server::new_with_acceptor(acceptor).run(routes));
    for (at, header) in [
        "x-forwarded-for: 192.0.2.1",
        "x-forwarded-for: 192.0.2.2, 192.0.2.3",
        "forwarded: for=192.0.2.4",
        "x-real-ip: 192.0.2.5",
        "x-forwarded-for: 127.0.0.1",
    ]
    .into_iter()
    .enumerate()
    {
        let fail_login =
            tokio::task::spawn_blocking(move || knock(address, &format!("n{at}"), header));
        assert_eq!(fail_login.await.unwrap(), 401, "{header}");
    }
    let forged = "x-forwarded-for: 192.0.2.9";
    let late = tokio::task::spawn_blocking(move || knock(address, "another", forged));
    assert_eq!(late.await.unwrap(), 429);
    server.abort();
}

#[tokio::test]
async fn clients_without_an_address_do_not_lock_each_other_out() {
    let app = App::with(Kind::Sqlite, NoProxy).await;
    app.register("ada").await;
    for at in 0..8 {
        fail_login(&app.browser(), &format!("name{at}"), 1).await;
    }
    fail_login(&app.browser(), "eve", 5).await;
    lock_seconds(&app.browser(), "eve").await;
    assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
}
