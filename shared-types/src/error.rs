//! What goes wrong, as the outside sees it: RFC 9457 problems with stable codes.

use serde::{Deserialize, Serialize};

use crate::UserId;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident $status:literal $title:literal),+ $(,)?) => {
        /// A stable word for what went wrong; clients decide by it, never by the text.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[cfg_attr(feature = "ts", derive(ts_rs::TS))]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[non_exhaustive]
        pub enum Code {$( $(#[$doc])* $variant, )+}

        impl Code {
            /// The HTTP status that goes with it.
            pub const fn status(self) -> u16 {
                match self {$( Self::$variant => $status, )+}
            }
            /// A short sentence for people.
            pub const fn title(self) -> &'static str {
                match self {$( Self::$variant => $title, )+}
            }
        }
    };
}

codes! {
    /// The body is no JSON.
    MalformedJson 400 "The body is not valid JSON",
    /// No token, a broken one, or one that has expired.
    Unauthorized 401 "Sign in first",
    /// The session was ended, here or elsewhere.
    SessionRevoked 401 "This session has ended",
    /// Name and password don't fit.
    BadCredentials 401 "Wrong name or password",
    /// The account wants a second factor.
    TotpRequired 401 "A one-time code is needed",
    /// A refresh token was used twice: the whole session has been ended.
    TokenReused 401 "This refresh token was used before",
    /// Not allowed for this role.
    Forbidden 403 "You may not do that",
    /// One of the two has blocked the other.
    Blocked 403 "Blocked",
    /// This server takes no new accounts.
    RegistrationClosed 403 "This server takes no new accounts",
    /// The request came from a page of another origin.
    BadOrigin 403 "Not from this origin",
    /// There is no such thing, or you may not know of it.
    NotFound 404 "Not found",
    /// The path exists, the method doesn't.
    MethodNotAllowed 405 "Method not allowed",
    /// The body did not arrive in time.
    RequestTimeout 408 "Too slow",
    /// The name is taken.
    UsernameTaken 409 "This name is taken",
    /// The message id was used for another message.
    IdConflict 409 "This id was used for something else",
    /// The boxes are not for just the devices that there are now: fetch the lists of the people in `refresh`.
    StaleDevices 409 "The list of devices has changed",
    /// The members of the group have changed: follow its statements, then seal again.
    StaleEpoch 409 "The members have changed",
    /// A list that is older than the one that stands, or another of its version.
    StaleVersion 409 "A newer one stands already",
    /// The body is larger than allowed.
    TooLarge 413 "Too large",
    /// The body is not declared as JSON.
    UnsupportedMediaType 415 "Send application/json",
    /// A field breaks a rule; `field` names it, `detail` says the rule.
    Invalid 422 "Invalid value",
    /// A plain envelope in a private conversation.
    PlaintextRefused 422 "This conversation takes only encrypted messages",
    /// A watermark past the end of the log.
    SeqOutOfRange 422 "Past the end of the conversation",
    /// Too many requests; wait for `retry_after` seconds.
    RateLimited 429 "Too many requests",
    /// A defect of the server; `request_id` finds it in the log.
    Internal 500 "Something went wrong here",
    /// A part of the server is away or overloaded; nothing was taken.
    Unavailable 503 "Not available right now",
}

/// An RFC 9457 problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A URI for the kind of problem: `urn:sotto:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable word.
    pub code: Code,
    /// What exactly, for people.
    pub detail: String,
    /// The field that broke a rule, as a path: `envelope.content.text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Seconds to wait before trying again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub retry_after: Option<u64>,
    /// Of `stale_devices`: whose lists may have changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<UserId>>"))]
    pub refresh: Vec<UserId>,
    /// Finds the request in the server's log.
    pub request_id: String,
}

impl Problem {
    /// A problem of this code; the door adds the request's id.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let word = serde_json::to_value(code).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        Self {
            kind: format!("urn:sotto:problem:{word}"),
            title: code.title().to_owned(),
            status: code.status(),
            code,
            detail: detail.into(),
            field: None,
            retry_after: None,
            refresh: Vec::new(),
            request_id: String::new(),
        }
    }

    /// Names the field.
    pub fn at(self, field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..self }
    }
}
