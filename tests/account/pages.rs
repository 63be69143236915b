//! Forms of pages for the routes that change an account.

use crudauth_tests::Kind;

use super::*;

#[tokio::test]
async fn a_form_that_edits_a_profile_leads_back_to_its_page() {
    let app = App::on(Kind::Sqlite).await;
    let (auth, app) = full(&app, Setup::default()).await;
    let ada = app.member("ada").await;
    app.database.execute("UPDATE users SET email_verified = TRUE").await;
    let token = ada.cookie("csrf_token").unwrap();
    let form = [("_method", "patch"), ("csrf_token", &*token), ("full_name", "Ada L")];
    let answer = ada.submit("/profile", "/me", &form).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/profile")), "{answer:?}");
    let account = auth.accounts().find_by_identifier("ada").await.unwrap().unwrap();
    assert_eq!(account.user.full_name.as_deref(), Some("Ada L"));
}
