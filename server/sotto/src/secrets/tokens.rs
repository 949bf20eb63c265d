//! Access tokens: JSON Web Tokens (RFC 9068's type) with HS256 and nothing else.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use shared_types::{DeviceId, Secret, SessionId, Timestamp, UserId};
use sotto_core::{
    PortError,
    ports::{Access, Result, Tokens},
};

const TYPE: &str = "at+jwt";
const AUDIENCE: &str = "sotto";
/// The largest token worth looking at.
const MOST_BYTES: usize = 1_024;

/// Signs and reads with one key.
pub struct Jwt {
    signing: EncodingKey,
    reading: DecodingKey,
    rules: Validation,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    aud: String,
    sub: UserId,
    sid: SessionId,
    did: DeviceId,
    iat: i64,
    nbf: i64,
    /// Milliseconds would be no `NumericDate`: the expiry is cut to seconds.
    exp: i64,
}

impl Jwt {
    /// With this key.
    pub fn new(key: &[u8; 32]) -> Self {
        // `kid`, `jku`, `jwk` and the header's `alg` choose nothing: one algorithm, one key.
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["exp", "nbf", "aud", "sub"]);
        // Times are checked below, by the clock that the rest of the server goes by.
        rules.validate_exp = false;
        rules.validate_nbf = false;
        Self { signing: EncodingKey::from_secret(key), reading: DecodingKey::from_secret(key), rules }
    }
}

impl Tokens for Jwt {
    fn sign(&self, access: &Access, now: Timestamp) -> Result<Secret> {
        let claims = Claims {
            aud: AUDIENCE.into(),
            sub: access.user,
            sid: access.session,
            did: access.device,
            iat: now.0 / 1_000,
            nbf: now.0 / 1_000,
            exp: access.expires_at.0 / 1_000,
        };
        let header = Header { typ: Some(TYPE.into()), ..Header::new(Algorithm::HS256) };
        encode(&header, &claims, &self.signing).map(Secret).map_err(|error| PortError::new("tokens", error))
    }

    fn read(&self, token: &str, now: Timestamp) -> Option<Access> {
        if token.len() > MOST_BYTES {
            return None;
        }
        let read = decode::<Claims>(token, &self.reading, &self.rules).ok()?;
        let claims = read.claims;
        let in_time = claims.nbf.saturating_mul(1_000) <= now.0 && now.0 < claims.exp.saturating_mul(1_000);
        let of_our_type = read.header.typ.as_deref() == Some(TYPE);
        (in_time && of_our_type).then_some(Access {
            user: claims.sub,
            device: claims.did,
            session: claims.sid,
            expires_at: Timestamp(claims.exp.saturating_mul(1_000)),
        })
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn access() -> Access {
        Access {
            user: [1; 16].into(),
            device: [2; 16].into(),
            session: [3; 16].into(),
            expires_at: NOW.plus_ms(900_000),
        }
    }

    /// A token with another header over the same claims, signed with the right key by the named algorithm.
    fn with_header(header: &Header) -> String {
        let claims = serde_json::json!({
            "aud": "sotto", "sub": access().user, "sid": access().session, "did": access().device,
            "iat": NOW.0 / 1000, "nbf": NOW.0 / 1000, "exp": NOW.0 / 1000 + 900,
        });
        encode(header, &claims, &EncodingKey::from_secret(&[7; 32])).unwrap()
    }

    #[test]
    fn a_token_is_read_back_until_it_ends() {
        let jwt = Jwt::new(&[7; 32]);
        let token = jwt.sign(&access(), NOW).unwrap();
        assert_eq!(jwt.read(&token.0, NOW), Some(access()));
        assert_eq!(jwt.read(&token.0, NOW.plus_ms(899_999)), Some(access()));
        assert_eq!(jwt.read(&token.0, NOW.plus_ms(900_000)), None);
        assert_eq!(jwt.read(&token.0, NOW.plus_ms(-1_000)), None, "not before");
    }

    #[test]
    fn another_key_or_a_changed_byte_is_refused() {
        let token = Jwt::new(&[7; 32]).sign(&access(), NOW).unwrap().0;
        assert_eq!(Jwt::new(&[8; 32]).read(&token, NOW), None);
        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(&parts[1]).unwrap()).unwrap();
        parts[1] = URL_SAFE_NO_PAD.encode(claims.replace("0101", "0202"));
        assert_eq!(Jwt::new(&[7; 32]).read(&parts.join("."), NOW), None);
    }

    #[test]
    fn other_algorithms_and_types_are_refused() {
        let jwt = Jwt::new(&[7; 32]);
        let right = Header { typ: Some(TYPE.into()), ..Header::new(Algorithm::HS256) };
        assert!(jwt.read(&with_header(&right), NOW).is_some());
        for header in [
            Header { alg: Algorithm::HS512, ..right.clone() },
            Header { typ: Some("JWT".into()), ..right.clone() },
            Header { typ: None, ..right.clone() },
        ] {
            assert_eq!(jwt.read(&with_header(&header), NOW), None, "{header:?}");
        }
        let body = with_header(&right);
        let body = body.split('.').nth(1).unwrap();
        let none = URL_SAFE_NO_PAD.encode(br#"{"alg":"none","typ":"at+jwt"}"#);
        assert_eq!(jwt.read(&format!("{none}.{body}."), NOW), None);
    }
}
