//! Tokens of the API. A token is shown once, when it is made; the store knows its hash.

use sha2::{Digest, Sha256};
use truelevel_model::Time;
use truelevel_model::events::{Scope, Token};
use truelevel_store::{SqlStore, Store};

use crate::{EngineError, Workspace};

/// What every token begins with, so that scanners for leaked secrets find it.
const PREFIX: &str = "truelevel_";

/// The tokens of a workspace.
pub struct Tokens {
    store: SqlStore,
}

impl Tokens {
    /// Opens the workspace's store for tokens.
    pub fn open(workspace: &Workspace) -> Result<Self, EngineError> {
        Ok(Self { store: workspace.open_store()? })
    }

    /// Makes a token and answers it; it is not shown again.
    pub fn create(
        &mut self,
        name: &str,
        scope: Scope,
        expires_at: Option<Time>,
        now: Time,
    ) -> Result<String, EngineError> {
        let token = format!("{PREFIX}{}", secret()?);
        let hash = hash(&token);
        let name = name.to_owned();
        let is_added =
            self.store.add_token(&Token { name, hash, scope, created_at: now, expires_at, revoked_at: None })?;
        if is_added {
            Ok(token)
        } else {
            Err(EngineError::Usage("a token of this name is there already, or was; take another name".to_owned()))
        }
    }

    /// Takes a token back.
    pub fn revoke(&mut self, name: &str, now: Time) -> Result<(), EngineError> {
        if self.store.revoke_token(name, now)? {
            return Ok(());
        }
        Err(EngineError::Usage(format!("no valid token is called `{}`", truelevel_model::printable(name))))
    }

    /// All tokens, by name.
    pub fn list(&self) -> Result<Vec<Token>, EngineError> {
        Ok(self.store.tokens()?)
    }
}

/// A text that nobody guesses: 32 random bytes in hexadecimal digits.
pub fn secret() -> Result<String, EngineError> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| EngineError::Usage(format!("no random numbers: {error}")))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The hash under which a token is known. A token is random, so that one round is enough, and looking up its hash tells
/// nobody anything of another one.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// The token in an `Authorization` header: as bearer, or as the password of basic authentication.
pub fn given(authorization: &str) -> Option<String> {
    truelevel_sources::webhooks::signatures::token(authorization)
}
