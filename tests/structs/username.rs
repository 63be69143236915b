//! `POST /username/change`: owners change the username of their account, by the rules of a sign-up.

use crudauth::flow::{Checked, Proof, UsernameError};
use crudauth::{
    Accounts, AuthUser, HashingConfig, Password, Principal, RateLimits, RegisterError,
    SignInRequest, SignUp, Username, migrations,
};
use crudauth_tests::{Kind, PASSWORD, SECRET, concurrently, on_every_pool, sign_up};
use serde_json::{Value, json};

use super::client::Client;
use super::register;

/// The compared form has its own column.
#[derive(Clone, Debug, AuthUser)]
#[auth(table = "people")]
struct Person {
    id: i64,
    email: String,
    #[auth(max_length = 12)]
    username: String,
}

#[crudauth::routes(user = Person, session, bearer, username)]
struct Auth;

/// Nothing but a name.
#[derive(Clone, Debug, AuthUser)]
#[auth(table = "players")]
struct Player {
    id: i64,
    username: String,
}

#[crudauth::routes(user = Player, session, username)]
struct Game;

/// Two columns of names. The username is compared as it is shown, and an account may have none.
#[derive(Clone, Debug, AuthUser)]
#[auth(table = "staff")]
struct Employee {
    id: i64,
    #[auth(identifier)]
    number: String,
    #[auth(username, exact)]
    handle: Option<String>,
}

#[crudauth::routes(user = Employee, session, username)]
struct Staff;

fn employee(number: &str, handle: Option<&str>) -> Value {
    json!({ "number": number, "handle": handle, "password": PASSWORD })
}

fn name(typed: &str) -> Username {
    typed.parse().unwrap()
}

/// A new account and a signed-in client.
async fn member(routes: poem::Route, form: &Value, typed: &str) -> Client {
    let mut client = Client::of(routes);
    let (status, body) = client.post("/register", form).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(client.login(typed).await.0, 200);
    client
}

/// Asks for a name, and returns status and code.
async fn change(client: &mut Client, to: &str) -> (u16, Value) {
    let form = json!({ "new_username": to, "password": PASSWORD });
    let (status, body) = client.post("/username/change", &form).await;
    (status.as_u16(), body["code"].clone())
}

async fn has_account<U: AuthUser>(accounts: &Accounts<U>, typed: &str) -> bool {
    accounts.find_by_identifier(typed).await.unwrap().is_some()
}

on_every_pool! {
    async fn a_change_names_the_account_and_ends_no_sign_in(database, pool) {
        migrations!(Person).run(&pool).await.unwrap();
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        let mut ada = member(auth.routes(), &sign_up("ada"), "ada").await;
        let bob = member(auth.routes(), &sign_up("bob"), "bob").await;
        let request = SignInRequest::new("ada", Password::parse(PASSWORD).unwrap());
        let issued = auth.accounts().issue_tokens(request, None).await.unwrap().done().unwrap();
        let form = json!({ "new_username": "Countess", "password": PASSWORD });
        let (status, body) = ada.post("/username/change", &form).await;
        assert_eq!((status.as_u16(), body), (200, json!({ "detail": "Username changed." })));
        assert_eq!(ada.get("/me").await.1["username"], "Countess");
        let token = issued.issued.access.expose();
        let checked = auth.accounts().tokens().authenticate(token).await.unwrap();
        assert!(matches!(checked, Checked::Valid(_)));
        for typed in ["countess", "COUNTESS", "ada@example.com"] {
            assert_eq!(Client::of(auth.routes()).login(typed).await.0, 200, "{typed}");
        }
        assert_eq!(Client::of(auth.routes()).login("ada").await.0, 401);
        let keys = "SELECT COUNT(*) FROM people WHERE username_key = 'countess' \
                    AND updated_at IS NOT NULL AND token_version = 0";
        assert_eq!(database.number(keys).await, 1);
        assert!(has_account(auth.accounts(), "bob").await, "the other account stays");
        let mut next = sign_up("ada");
        next["email"] = json!("next@example.com");
        register(auth.accounts(), &next).await;
        drop(bob);
    }

    async fn the_rules_are_those_of_a_sign_up(database, pool) {
        migrations!(Person).run(&pool).await.unwrap();
        let unlimited = RateLimits::off();
        let auth = Auth::builder(pool, SECRET).rate_limits(unlimited).build().await.unwrap();
        let mut ada = member(auth.routes(), &sign_up("ada"), "ada").await;
        register(auth.accounts(), &sign_up("bob")).await;
        for invalid in ["", " eve", "e ve", "eve@example.com", "+15550100", "thirteenchars"] {
            let refused = change(&mut ada, invalid).await;
            assert_eq!(refused, (422, json!("invalid-fields")), "{invalid:?}");
        }
        let (status, body) = ada.post("/username/change", &json!({ "password": 7 })).await;
        let errors = body["detail"].as_array().unwrap();
        let fields: Vec<_> = errors.iter().map(|one| one["loc"][1].as_str().unwrap()).collect();
        assert_eq!((status.as_u16(), fields), (422, vec!["new_username", "password"]));
        for taken in ["bob", "BOB", "\u{ff22}ob"] {
            let mut form = sign_up("eve");
            form["username"] = json!(taken);
            let (_, told) = Client::of(auth.routes()).post("/register", &form).await;
            let form = json!({ "new_username": taken, "password": PASSWORD });
            let (status, body) = ada.post("/username/change", &form).await;
            assert_eq!((status.as_u16(), body), (422, told), "as a sign-up");
        }
        assert_eq!(change(&mut ada, "ada").await, (400, json!("same-username")));
        assert_eq!(database.count("people WHERE updated_at IS NOT NULL").await, 0);
        assert_eq!(change(&mut ada, "Ada").await, (200, Value::Null), "another spelling");
        assert_eq!(database.count("people WHERE username_key = 'ada'").await, 1);
        assert_eq!(ada.get("/me").await.1["username"], "Ada");
    }

    async fn a_change_needs_the_password_and_is_limited(database, pool) {
        migrations!(Person).run(&pool).await.unwrap();
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        let mut ada = member(auth.routes(), &sign_up("ada"), "ada").await;
        assert_eq!(change(&mut ada, "").await.0, 422, "a mistake does not count");
        for (n, password) in [json!("a-wrong-one"), Value::Null].into_iter().enumerate() {
            let form = json!({ "new_username": "eve", "password": password });
            let (status, body) = ada.post("/username/change", &form).await;
            assert_eq!((status.as_u16(), &body["code"]), (401, &json!("wrong-password")));
            assert!(!has_account(auth.accounts(), "eve").await);
            assert_eq!(change(&mut ada, &format!("ada{n}")).await.0, 200);
        }
        assert_eq!(change(&mut ada, "ada2").await.0, 200);
        assert_eq!(change(&mut ada, "ada3").await, (429, json!("too-many-requests")));
        assert!(has_account(auth.accounts(), "ada2").await);
        let anonymous = change(&mut Client::of(auth.routes()), "eve").await;
        assert_eq!(anonymous, (401, json!("not-authenticated")));
        let forged = change(ada.without("csrf_token"), "eve").await;
        assert_eq!(forged, (403, json!("csrf-missing")));
    }

    async fn an_account_of_a_name_alone_gets_another_one(database, pool) {
        migrations!(Player).run(&pool).await.unwrap();
        let game = Game::builder(pool, SECRET).build().await.unwrap();
        let form = json!({ "username": "ada", "password": PASSWORD });
        let mut ada = member(game.routes(), &form, "ada").await;
        assert_eq!(change(&mut ada, "Countess").await, (200, Value::Null));
        assert_eq!(Client::of(game.routes()).login("countess").await.0, 200);
    }

    async fn a_name_cannot_be_that_of_another_account_in_another_column(database, pool) {
        migrations!(Employee).run(&pool).await.unwrap();
        let staff = Staff::builder(pool, SECRET).build().await.unwrap();
        let mut ada = member(staff.routes(), &employee("E-17", None), "E-17").await;
        register(staff.accounts(), &employee("E-18", Some("bob"))).await;
        for taken in ["E-18", "bob"] {
            let form = json!({ "new_username": taken, "password": PASSWORD });
            let (status, body) = ada.post("/username/change", &form).await;
            assert_eq!((status.as_u16(), &body["code"]), (422, &json!("taken")), "{taken}");
            assert_eq!(body["detail"], "Handle already taken");
        }
        assert_eq!(change(&mut ada, "E-17").await, (200, Value::Null), "its own number");
        assert_eq!(change(&mut ada, "Bob").await, (200, Value::Null), "another exact name");
        let found = staff.accounts().find_by_identifier("Bob").await.unwrap().unwrap();
        assert_eq!(found.user.number, "E-17");
    }

    async fn of_a_change_and_a_sign_up_at_once_one_gets_the_text(database, pool) {
        migrations!(Employee).run(&pool).await.unwrap();
        // Otherwise the sign-up would always be the later one.
        let builder = Staff::builder(pool, SECRET).hashing(HashingConfig::cheap());
        let staff = builder.build().await.unwrap();
        let ada = Principal::application(&register(staff.accounts(), &employee("E-17", None)).await);
        for round in 0..12 {
            let text = format!("n{round}");
            let sign_up = SignUp::from_json(&employee(&text, None)).unwrap();
            let (new, proof) = (name(&text), Proof::default());
            let changing = staff.accounts().usernames().change(&ada, &new, &proof);
            let (signed_up, changed) = tokio::join!(staff.accounts().register(sign_up), changing);
            match (&signed_up, &changed) {
                (Ok(_), Err(UsernameError::Taken("handle")))
                | (Err(RegisterError::Taken("number")), Ok(())) => {}
                both => panic!("{both:?}"),
            }
        }
    }

    async fn of_many_changes_to_one_name_at_once_one_is_made(database, pool) {
        migrations!(Person).run(&pool).await.unwrap();
        let builder = Auth::builder(pool, SECRET).hashing(HashingConfig::cheap());
        let auth = builder.build().await.unwrap();
        let mut accounts = Vec::new();
        for n in 0..8 {
            accounts.push(register(auth.accounts(), &sign_up(&format!("ada{n}"))).await);
        }
        let jobs = (0..64).map(|n| {
            let (auth, account) = (auth.clone(), accounts[n % 8].clone());
            async move {
                let principal = Principal::application(&account);
                let usernames = auth.accounts().usernames();
                // The winner asks again and again.
                let asked = usernames.change(&principal, &name("neo"), &Proof::default()).await;
                match asked {
                    Ok(()) => Some(account.user.id),
                    Err(UsernameError::Taken("username")) => None,
                    Err(error) => panic!("{error:?}"),
                }
            }
        });
        let mut winners: Vec<_> = concurrently(jobs).await.into_iter().flatten().collect();
        winners.dedup();
        assert_eq!(winners.len(), 1);
        let found = auth.accounts().find_by_identifier("neo").await.unwrap().unwrap();
        assert_eq!(vec![found.user.id], winners);
    }

    async fn a_constraint_of_the_app_may_refuse_a_name(database, pool) {
        let key = match database.kind() {
            Kind::Sqlite => "INTEGER PRIMARY KEY",
            Kind::Postgres => "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
            Kind::MySql => "BIGINT AUTO_INCREMENT PRIMARY KEY",
        };
        let table = format!(
            "CREATE TABLE players (id {key}, username VARCHAR(64) NOT NULL, \
             CONSTRAINT polite CHECK (username <> 'rude'))"
        );
        database.execute(&table).await;
        migrations!(Player).run(&pool).await.unwrap();
        let game = Game::builder(pool, SECRET).build().await.unwrap();
        let form = json!({ "username": "ada", "password": PASSWORD });
        let mut ada = member(game.routes(), &form, "ada").await;
        assert_eq!(change(&mut ada, "rude").await, (422, json!("invalid-fields")));
        assert!(has_account(game.accounts(), "ada").await);
    }

    async fn a_change_of_an_ended_state_stores_nothing(database, pool) {
        migrations!(Player).run(&pool).await.unwrap();
        let game = Game::builder(pool, SECRET).build().await.unwrap();
        let account = register(game.accounts(), &json!({ "username": "ada", "password": PASSWORD })).await;
        let usernames = game.accounts().usernames();
        let program = Principal::new(account.clone());
        let refused = usernames.change(&program, &name("eve"), &Proof::default()).await;
        assert!(matches!(refused, Err(UsernameError::NotOwner)));
        let application = Principal::application(&account);
        for state in ["token_version = 1", "token_version = 0, is_active = FALSE"] {
            database.execute(&format!("UPDATE players SET {state}")).await;
            let ended = usernames.change(&application, &name("eve"), &Proof::default()).await;
            assert!(matches!(ended, Err(UsernameError::Ended)), "{state}");
        }
        assert_eq!(database.count("players WHERE username = 'ada'").await, 1);
    }
}
