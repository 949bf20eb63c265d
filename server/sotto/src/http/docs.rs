//! The API's own description: OpenAPI and a page to read it.

use axum::Router;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_swagger_ui::SwaggerUi;

/// What the description starts with; the routes add themselves.
#[derive(OpenApi)]
#[openapi(
    info(title = "Sotto", description = "A private chat server. Live events come over Socket.IO at `/socket.io/`.", license(name = "Apache-2.0", identifier = "Apache-2.0")),
    modifiers(&Bearer),
    security(("bearer" = [])),
)]
struct About;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

pub(super) fn about() -> utoipa::openapi::OpenApi {
    About::openapi()
}

/// `/api/openapi.json` and `/api/docs`.
pub(super) fn pages(openapi: utoipa::openapi::OpenApi) -> Router {
    SwaggerUi::new("/api/docs").url("/api/openapi.json", openapi).into()
}
