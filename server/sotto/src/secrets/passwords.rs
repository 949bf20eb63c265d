//! Argon2id, as many at once as there are cores, the rest in a short line.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version, password_hash::phc::PasswordHash,
};
use async_trait::async_trait;
use shared_types::Secret;
use sotto_core::{
    PortError,
    ports::{Passwords, Result},
};
use tokio::sync::Semaphore;

/// How many may wait for a core. At about 20 ms each, the last one waits a few seconds.
const MOST_WAITING: usize = 256;

/// What one hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// 19 MiB, 2 passes, 1 lane: OWASP's recommendation.
    Real,
    /// Next to nothing, for tests.
    Test,
}

/// Hashes passwords on the blocking pool.
pub struct Argon {
    hasher: Argon2<'static>,
    cores: Arc<Semaphore>,
    line: Semaphore,
    /// Verified in place of an unknown account's, so that it takes as long.
    nobody: String,
}

impl Argon {
    /// A hasher of that cost.
    pub fn new(cost: Cost) -> anyhow::Result<Self> {
        let params = match cost {
            Cost::Real => Params::new(19 * 1_024, 2, 1, None),
            Cost::Test => Params::new(8, 1, 1, None),
        };
        let params = params.map_err(|error| anyhow::anyhow!("argon2: {error}"))?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = argon.hash_password(b"nobody").map_err(|error| anyhow::anyhow!("argon2: {error}"))?.to_string();
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self { hasher: argon, cores: Arc::new(Semaphore::new(cores)), line: Semaphore::new(MOST_WAITING), nobody })
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(Argon2<'static>) -> T + Send + 'static) -> Result<T> {
        let busy = |why: &'static str| PortError::new("passwords", why);
        // Held by a guard, so that a client that hangs up gives its place in the line back.
        let place = self.line.try_acquire().map_err(|_| busy("too many sign-ins at once"))?;
        let permit = self.cores.clone().acquire_owned().await.map_err(|_| busy("it is being closed"))?;
        drop(place);
        let argon = self.hasher.clone();
        let result = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work(argon)
        });
        result.await.map_err(|error| PortError::new("passwords", error))
    }
}

#[async_trait]
impl Passwords for Argon {
    async fn hash(&self, password: &Secret) -> Result<String> {
        let password = password.clone();
        let hash = self.run(move |argon| argon.hash_password(password.0.as_bytes()).map(|hash| hash.to_string()));
        hash.await?.map_err(|error| PortError::new("passwords", error.to_string()))
    }

    async fn verify(&self, password: &Secret, hash: Option<&str>) -> Result<bool> {
        let password = password.clone();
        let known = hash.is_some();
        let hash = hash.unwrap_or(&self.nobody).to_owned();
        let fits = self.run(move |argon| {
            let hash = PasswordHash::new(&hash)?;
            Ok::<_, argon2::password_hash::phc::Error>(argon.verify_password(password.0.as_bytes(), &hash).is_ok())
        });
        Ok(fits.await?.map_err(|error| PortError::new("passwords", error.to_string()))? && known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_right_password_fits_and_nobody_has_none() {
        let argon = Argon::new(Cost::Test).unwrap();
        let secret = Secret("correct horse".into());
        let hash = argon.hash(&secret).await.unwrap();
        assert!(argon.verify(&secret, Some(&hash)).await.unwrap());
        assert!(!argon.verify(&Secret("wrong".into()), Some(&hash)).await.unwrap());
        assert!(!argon.verify(&Secret("nobody".into()), None).await.unwrap());
    }

    #[tokio::test]
    async fn whoever_hangs_up_gives_their_place_back() {
        let argon = Argon::new(Cost::Test).unwrap();
        let cores = u32::try_from(argon.cores.available_permits()).unwrap();
        let cores = argon.cores.clone().acquire_many_owned(cores).await.unwrap();
        for _ in 0..=MOST_WAITING {
            let secret = Secret("hung up".into());
            let waiting = argon.hash(&secret);
            assert!(tokio::time::timeout(std::time::Duration::ZERO, waiting).await.is_err());
        }
        drop(cores);
        assert!(argon.hash(&Secret("still served".into())).await.is_ok());
    }

    #[test]
    fn the_real_cost_is_at_least_what_is_promised() {
        let argon = Argon::new(Cost::Real).unwrap();
        assert!(argon.nobody.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", argon.nobody);
    }
}
