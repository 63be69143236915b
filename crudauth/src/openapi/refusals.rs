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
/// They are added to each operation with such an argument, except for a status that the response
/// type of the handler describes.
#[derive(Clone, Copy, Debug)]
pub struct WithRefusals<T>(pub T);

impl<T: OpenApi> OpenApi for WithRefusals<T> {
    fn meta() -> Vec<MetaApi> {
        let mut apis = T::meta();
        let paths = apis.iter_mut().flat_map(|api| &mut api.paths);
        paths.flat_map(|path| &mut path.operations).for_each(add_to);
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

fn add_to(operation: &mut MetaOperation) {
    let mut names = operation.security.iter().flat_map(HashMap::keys);
    if !names.any(|name| schemes::is_known(name)) {
        return;
    }
    let responses = &mut operation.responses.responses;
    for refusal in Refusal::meta().responses {
        if responses.iter().all(|response| response.status != refusal.status) {
            responses.push(refusal);
        }
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

fn inline(ty: &'static str) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(MetaSchema::new(ty)))
}
