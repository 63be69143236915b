//! A ticket opens a real WebSocket, over a real connection.

use crudauth::TicketUser;
use crudauth_tests::Kind;
use futures_util::{SinkExt, StreamExt};
use poem::listener::{Acceptor, Listener, TcpListener};
use poem::web::websocket::{Message, WebSocket};
use poem::{IntoResponse, Server, get, handler};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message as Received};

use super::*;

#[crudauth::routes(user = Person, session, email, tickets)]
struct Chat;

#[handler]
fn chat(user: TicketUser<Chat>, socket: WebSocket) -> impl IntoResponse {
    let name = user.username.clone();
    socket.on_upgrade(|mut socket| async move {
        while let Some(Ok(Message::Text(text))) = socket.next().await {
            socket.send(Message::text(format!("{name}: {text}"))).await.unwrap();
        }
    })
}

/// The chat of a new app, and its address on a port of this machine.
async fn started() -> (App, String) {
    let app = App::on(Kind::Sqlite).await;
    let Database::Sqlite(pool) = app.database.clone() else { unreachable!() };
    let email = EmailConfig::new(app.outbox.clone(), FRONTEND);
    let auth = Chat::builder(pool, SECRET).email(email).build().await.unwrap();
    let routes = auth.mount(Route::new()).at("/chat", get(chat)).with(auth.clone());
    let app = app.serving(routes.map_to_response());
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
    let port = *acceptor.local_addr()[0].as_socket_addr().unwrap();
    tokio::spawn(Server::new_with_acceptor(acceptor).run(app.clone().into_endpoint()));
    (app, format!("ws://{port}/chat"))
}

fn assert_unauthorized<T>(opened: Result<T, Error>) {
    let Err(Error::Http(answer)) = opened else { panic!("the socket opened") };
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
async fn a_ticket_opens_a_websocket_once() {
    let (app, url) = started().await;
    let ada = app.member("ada").await;
    let ticket = ada.post("/tickets", json!({ "path": "/chat" })).await.json()["ticket"].clone();
    let opening = format!("{url}?ticket={}", ticket.as_str().unwrap());
    let (mut socket, _) = connect_async(&opening).await.unwrap();
    socket.send("hello".into()).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Received::text("ada: hello"));
    assert_unauthorized(connect_async(&opening).await);
}

#[tokio::test]
async fn a_cookie_opens_no_websocket() {
    let (app, url) = started().await;
    let ada = app.member("ada").await;
    let mut opening = url.into_client_request().unwrap();
    for (name, value) in ada.cookies() {
        opening.headers_mut().append("cookie", format!("{name}={value}").parse().unwrap());
    }
    assert_unauthorized(connect_async(opening).await);
}
