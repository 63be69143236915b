//! Refusals in the document: poem-openapi asks the response type of a handler, and not its
//! arguments, for the responses of an operation.

use std::collections::HashMap;

use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem_openapi::registry::{
    MetaApi, MetaHeader, MetaMediaType, MetaOperation, MetaResponse, MetaResponses, MetaSchema,
    MetaSchemaRef, Registry,
};
use poem_openapi::{ApiResponse, OpenApi};

use super::schemes;
use crate::http::Refusal;

/// Name of the schema of refusals.
const SCHEMA: &str = "Refusal";

/// Status, reason, and the header that explains more.
const REFUSALS: [(u16, &str, Option<&str>); 4] = [
    (401, "No valid credential.", Some("WWW-Authenticate")),
    (403, "The CSRF token is missing or wrong, or the user may not do this.", None),
    (429, "Too many requests.", Some("Retry-After")),
    (503, "The accounts are not available at the moment.", Some("Retry-After")),
];

/// An API whose document has the refusals of [`User`](super::User) and
/// [`MaybeUser`](super::MaybeUser): 401, 403, 429 and 503, as `application/problem+json`.
///
/// They are added to each operation with such an argument. poem-openapi answers invalid input by
/// itself, and does not say so: 400 is added to each operation with parameters or a body, and 415 to
/// each with a body, as plain text. A status that the response type of the handler describes stays.
#[derive(Clone, Copy, Debug)]
pub struct WithRefusals<T>(pub T);

impl<T: OpenApi> OpenApi for WithRefusals<T> {
    fn meta() -> Vec<MetaApi> {
        let mut apis = T::meta();
        let paths = apis.iter_mut().flat_map(|api| &mut api.paths);
        for operation in paths.flat_map(|path| &mut path.operations) {
            add_refusals(operation);
            add_input_errors(operation);
        }
        apis
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
        Refusal::register(registry);
    }

    fn add_routes(self, routes: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {
        self.0.add_routes(routes);
    }
}

fn add_refusals(operation: &mut MetaOperation) {
    let mut names = operation.security.iter().flat_map(HashMap::keys);
    if !names.any(|name| schemes::is_known(name)) {
        return;
    }
    Refusal::meta().responses.into_iter().for_each(|refusal| add(operation, refusal));
}

fn add_input_errors(operation: &mut MetaOperation) {
    let has_body = operation.request.is_some();
    if has_body || !operation.params.is_empty() {
        add(operation, plain_text(400, "The parameters or the body are invalid."));
    }
    if has_body {
        add(operation, plain_text(415, "The type of the body is not supported."));
    }
}

/// Adds a response, unless the operation describes its status.
fn add(operation: &mut MetaOperation, response: MetaResponse) {
    let responses = &mut operation.responses.responses;
    if responses.iter().all(|known| known.status != response.status) {
        responses.push(response);
    }
}

fn plain_text(status: u16, description: &'static str) -> MetaResponse {
    MetaResponse {
        description,
        status: Some(status),
        status_range: None,
        content: vec![MetaMediaType { content_type: "text/plain", schema: inline("string") }],
        headers: Vec::new(),
    }
}

/// For handlers that return `Result<_, Refusal>`, such as those that call flows of
/// [`Accounts`](crate::Accounts).
impl ApiResponse for Refusal {
    fn meta() -> MetaResponses {
        let response = |(status, description, header): (u16, _, Option<&str>)| MetaResponse {
            description,
            status: Some(status),
            status_range: None,
            content: vec![MetaMediaType {
                content_type: "application/problem+json",
                schema: MetaSchemaRef::Reference(SCHEMA.to_owned()),
            }],
            headers: header.map(optional_header).into_iter().collect(),
        };
        MetaResponses { responses: REFUSALS.map(response).into() }
    }

    fn register(registry: &mut Registry) {
        registry.create_schema::<Self, _>(SCHEMA.to_owned(), |_| MetaSchema {
            description: Some("A problem document (RFC 9457). Programs read `code`."),
            required: vec!["type", "title", "status", "code", "detail"],
            properties: vec![
                ("type", inline("string")),
                ("title", inline("string")),
                ("status", inline("integer")),
                ("code", inline("string")),
                ("detail", inline("string")),
                ("factor", inline("string")),
                ("max_age", inline("integer")),
                ("ways", strings()),
            ],
            ..MetaSchema::new("object")
        });
    }
}

fn optional_header(name: &str) -> MetaHeader {
    MetaHeader {
        name: name.to_owned(),
        description: None,
        required: false,
        deprecated: false,
        schema: inline("string"),
    }
}

fn strings() -> MetaSchemaRef {
    let items = Some(Box::new(inline("string")));
    MetaSchemaRef::Inline(Box::new(MetaSchema { items, ..MetaSchema::new("array") }))
}

fn inline(ty: &'static str) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(MetaSchema::new(ty)))
}
