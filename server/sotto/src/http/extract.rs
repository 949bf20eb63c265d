//! What handlers are given out of a request, with errors that name the field and the rule.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use axum::{
    Json, RequestPartsExt as _,
    body::Body as RawBody,
    extract::{ConnectInfo, FromRequest, FromRequestParts, Path, Request, path::ErrorKind, rejection::PathRejection},
    http::{HeaderMap, header, request::Parts},
};
use futures_util::StreamExt as _;
use http_body::Body as _;
use serde::de::DeserializeOwned;
use shared_types::{Code, Problem};
use sotto_core::{Caller, usecases::account::authenticate};

use super::{Door, Fault};

/// The largest body: an envelope at its limit, its boxes, and what stands around them.
const MOST_BYTES: usize = 256 * 1_024;
/// How much of a body that is too large is read all the same: a proxy that is still sending would take an answer for a
/// broken connection.
const READ_BYTES: usize = 8 * 1_024 * 1_024;
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(20);

/// A JSON body.
pub(super) struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Door> for Body<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, _: &Door) -> Result<Self, Fault> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = content_type.and_then(|value| value.split(';').next()).map(str::trim);
        if !essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
            return Err(Fault::new(Code::UnsupportedMediaType, "the body must be application/json"));
        }
        let too_large = || Fault::new(Code::TooLarge, format!("a body has at most {MOST_BYTES} bytes"));
        let too_slow = |_| Fault::new(Code::RequestTimeout, format!("a body arrives within {} s", BODY_TIME.as_secs()));
        let bytes = tokio::time::timeout(BODY_TIME, read(request.into_body())).await;
        let bytes = bytes.map_err(too_slow)?.ok_or_else(too_large)?;
        parse(&bytes).map(Self).map_err(Fault)
    }
}

/// A JSON body that may be left out.
pub(super) struct MaybeBody<T>(pub T);

impl<T: DeserializeOwned + Default> FromRequest<Door> for MaybeBody<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, door: &Door) -> Result<Self, Fault> {
        if request.body().is_end_stream() {
            return Ok(Self(T::default()));
        }
        Body::from_request(request, door).await.map(|body| Self(body.0))
    }
}

/// The whole body; `None` if it is too large, or broke off.
async fn read(body: RawBody) -> Option<Vec<u8>> {
    let (mut body, mut kept, mut count) = (body.into_data_stream(), Vec::new(), 0);
    while let Some(chunk) = body.next().await {
        let chunk = chunk.ok()?;
        count += chunk.len();
        if count > READ_BYTES {
            return None;
        }
        if count <= MOST_BYTES {
            kept.extend_from_slice(&chunk);
        }
    }
    (count <= MOST_BYTES).then_some(kept)
}

/// Reads a JSON object; an error names the field.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Serde would take an array for a struct, field by field.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(Problem::new(Code::Invalid, "expected an object"));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut json).map_err(|error| field_error(&error)).and_then(|value| {
        match json.end() {
            Ok(()) => Ok(value),
            Err(error) => Err(Problem::new(Code::MalformedJson, error.to_string())),
        }
    })
}

/// What a reading error says of the body: no JSON at all, or a field that breaks a rule.
fn field_error(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let inner = error.inner();
    if inner.is_syntax() || inner.is_eof() || inner.is_io() {
        return Problem::new(Code::MalformedJson, inner.to_string());
    }
    let text = inner.to_string();
    let rule = text.split(" at line ").next().unwrap_or(&text).to_owned();
    let mut field = error.path().to_string();
    if field == "." {
        field.clear();
    }
    // Serde names a missing field in its text, and the struct it misses it in as the path.
    if let Some(missing) = rule.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        field = if field.is_empty() { missing.to_owned() } else { format!("{field}.{missing}") };
    }
    let problem = Problem::new(Code::Invalid, rule);
    if field.is_empty() { problem } else { problem.at(field) }
}

/// Ids in the path.
pub(super) struct Ids<T>(pub T);

impl<T: DeserializeOwned + Send + 'static> FromRequestParts<Door> for Ids<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &Door) -> Result<Self, Fault> {
        let rule = "a UUID like 0190b5a4-7c1e-7d3a-9f00-1c2d3e4f5a6b";
        match parts.extract::<Path<T>>().await {
            Ok(Path(ids)) => Ok(Self(ids)),
            Err(PathRejection::FailedToDeserializePathParams(error)) => match error.kind() {
                ErrorKind::ParseErrorAtKey { key, .. } | ErrorKind::DeserializeError { key, .. } => {
                    Err(Fault::field(key.clone(), rule))
                }
                _ => Err(Fault::field("path", rule)),
            },
            Err(_) => Err(Fault::new(Code::NotFound, "there is no such path")),
        }
    }
}

/// A number in the path.
pub(super) struct Number(pub u32);

impl FromRequestParts<Door> for Number {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &Door) -> Result<Self, Fault> {
        let number = parts.extract::<Path<u32>>().await;
        number.map(|Path(number)| Self(number)).map_err(|_| Fault::field("number", "a whole number, not negative"))
    }
}

/// A query string as it came, by name.
pub(super) struct Params(Vec<(String, String)>);

impl FromRequestParts<Door> for Params {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &Door) -> Result<Self, Fault> {
        let pairs = parts.extract::<axum::extract::Query<Vec<(String, String)>>>().await;
        pairs.map(|pairs| Self(pairs.0)).map_err(|error| Fault::field("query", error.body_text()))
    }
}

impl Params {
    /// The last value of that name.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A whole number of that name.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Fault> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| Fault::field(name, "a whole number, not negative"))
    }
}

/// Who calls, by their access token.
pub(super) struct Me(pub Caller);

impl FromRequestParts<Door> for Me {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Fault> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token =
            header.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let (_, token) =
            token.ok_or_else(|| Fault::new(Code::Unauthorized, "send Authorization: Bearer <access token>"))?;
        let (caller, _) = authenticate(&door.app, token.trim()).await?;
        Ok(Self(caller))
    }
}

/// The address a request came from.
pub(super) struct From(pub IpAddr);

impl FromRequestParts<Door> for From {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Fault> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let told = forwarded(&parts.headers, door.proxies);
        Ok(Self(told.or(peer).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))))
    }
}

/// The address that the outermost trusted proxy saw: the nth from the right, since anybody can write the others.
fn forwarded(headers: &HeaderMap, proxies: usize) -> Option<IpAddr> {
    let nth = proxies.checked_sub(1)?;
    let values = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    hops.iter().rev().nth(nth)?.parse().ok()
}

/// An answer with a JSON body.
pub(super) type Answer<T> = Result<Json<T>, Fault>;

#[cfg(test)]
mod tests {
    use shared_types::account::Register;

    use super::*;

    fn refused(json: &str) -> (Code, String) {
        let problem = parse::<Register>(json.as_bytes()).unwrap_err();
        (problem.code, problem.field.unwrap_or_default())
    }

    #[test]
    fn an_error_names_the_field() {
        assert_eq!(refused("{"), (Code::MalformedJson, String::new()));
        assert_eq!(refused("{}"), (Code::Invalid, "username".into()));
        assert_eq!(refused(r#"{"username": 7}"#), (Code::Invalid, "username".into()));
        let no_platform = r#"{"username": "a", "password": "b", "device": {"name": "x"}}"#;
        assert_eq!(refused(no_platform), (Code::Invalid, "device.platform".into()));
        assert_eq!(refused(r#"["a", "b", "c", {"name": "x", "platform": "y"}]"#).0, Code::Invalid);
        assert_eq!(refused("\u{0}"), (Code::MalformedJson, String::new()));
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "6.6.6.6, 10.0.0.1".parse().unwrap());
        assert_eq!(forwarded(&headers, 0), None);
        assert_eq!(forwarded(&headers, 1), Some("10.0.0.1".parse().unwrap()));
        assert_eq!(forwarded(&headers, 2), Some("6.6.6.6".parse().unwrap()));
        assert_eq!(forwarded(&headers, 3), None);
    }
}
