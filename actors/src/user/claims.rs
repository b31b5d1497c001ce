//! Which account of this server belongs to which Telegram user: one for each, whoever logs in, and however many do at once.
//!
//! Claims are records of the server, since they must hold across users. A user's actor learns of one only whether it is free, its own, or
//! neither; whose it is otherwise is not told to anything outside this file.

use serde::{Deserialize, Serialize};

use crate::identity::{AccountId, UserId};
use crate::vault::{SealedBatch, ServerRecords, Space, Vault, VaultError};

/// A claim as it is kept, sealed, under the Telegram user's id.
#[derive(Serialize, Deserialize)]
struct Claim {
    owner: UserId,
    account: AccountId,
}

/// What a user may know of who has a Telegram user's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// Nobody.
    Nobody,
    /// The user who asks, with this account.
    Own(AccountId),
    /// Somebody else.
    Another,
}

/// The claims of all users, as one of them sees them.
pub(super) struct Claims {
    user: UserId,
    records: ServerRecords,
}

impl Claims {
    pub(super) fn new(vault: &Vault, user: UserId) -> Self {
        Self { user, records: vault.server_records() }
    }

    /// Who has the account of a Telegram user.
    pub(super) async fn holder(&self, telegram_user: i64) -> Result<Holder, VaultError> {
        let claim = self.records.get::<Claim>(Space::TelegramUser, &telegram_user.to_be_bytes()).await?;
        Ok(match claim {
            None => Holder::Nobody,
            Some(claim) if claim.owner == self.user => Holder::Own(claim.account),
            Some(_) => Holder::Another,
        })
    }

    /// A claim for an account of this user, to be committed with the account itself. Of several that are committed at once, the first
    /// stands, and the others fail with [`VaultError::Conflict`].
    pub(super) fn claim(&self, telegram_user: i64, account: AccountId) -> Result<SealedBatch, VaultError> {
        let id = telegram_user.to_be_bytes();
        let claim = Claim { owner: self.user.clone(), account };
        self.records.batch().require_absent(Space::TelegramUser, &id).put(Space::TelegramUser, &id, &claim)
    }

    /// Gives an account of this user up, to be committed with the end of the account itself.
    pub(super) fn release(&self, telegram_user: i64) -> SealedBatch {
        self.records.batch().delete(Space::TelegramUser, &telegram_user.to_be_bytes())
    }
}
