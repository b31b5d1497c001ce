//! Files of an account on their way: how many at once, and how much of them is in memory.

use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::account::AccountContext;
use crate::error::{Code, Error};
use crate::telegram::{TelegramError, Transfers};

/// Files of one account that may be on their way at once.
const TRANSFERS_MAX: usize = 32;

/// Parts and pieces of one account that may be in memory at once beyond the one that every file has.
const AHEAD_MAX: usize = 6;

/// What the files of one account share while any is on its way.
pub(super) struct TransferRoom {
    pub(super) transfers: Transfers,
    ahead: Arc<Semaphore>,
}

impl TransferRoom {
    /// Room for one part or piece more than a file has anyway, if there is any.
    pub(super) fn ahead(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.ahead).try_acquire_owned().ok()
    }
}

impl AccountContext {
    /// The connections for files: the same for all that are on their way, closed after the last of them.
    pub(super) async fn transfers(&self) -> Result<Rc<TransferRoom>, Error> {
        let connection = self.connection().await?;
        let open = self.transfers.borrow().upgrade();
        let room = open.unwrap_or_else(|| {
            let transfers = connection.transfers(self.environment.workers.clone());
            let opened = Rc::new(TransferRoom { transfers, ahead: Arc::new(Semaphore::new(AHEAD_MAX)) });
            self.transfers.replace(Rc::downgrade(&opened));
            opened
        });
        if Rc::strong_count(&room) > TRANSFERS_MAX {
            let busy = format!("{TRANSFERS_MAX} files of this account are on their way; try again");
            return Err(Error::new(Code::Overloaded, busy).retry_after_secs(5));
        }
        Ok(room)
    }

    /// Notes what the account itself must know of a transfer's failure.
    pub(super) fn note_transfer_failure(&self, error: &TelegramError) {
        if let TelegramError::AuthLost(loss) = error {
            self.lose_session(*loss);
        }
    }
}
