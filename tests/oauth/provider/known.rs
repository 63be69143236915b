//! The provider under the address of a well-known one.

use crudauth::oauth::{BoxError, HttpClient, HttpRequest, HttpResponse};
use poem::Request;

use super::{Provider, respond};

impl Provider {
    /// The same provider under another address: as an [`HttpClient`] it takes the requests there.
    pub(crate) fn known_as(&self, issuer: &str) -> Self {
        Self { issuer: issuer.to_owned(), ..self.clone() }
    }
}

#[async_trait::async_trait]
impl HttpClient for Provider {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, BoxError> {
        let path = request.url.as_str().strip_prefix(&*self.issuer).ok_or("another address")?;
        let mut call = Request::builder().uri(path.parse()?);
        if let Some(authorization) = &request.authorization {
            call = call.header("authorization", authorization.as_str());
        }
        let form = request.form.map(|form| form.to_string()).unwrap_or_default();
        let response = respond(self.clone(), call.body(form)).await.unwrap();
        let status = response.status().as_u16();
        Ok(HttpResponse { status, body: response.into_body().into_vec().await? })
    }
}
