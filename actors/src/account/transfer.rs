//! Files of an account on their way: how many at once, and how much of them is in memory.

use std::ops::Deref;
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
    files: Arc<Semaphore>,
}

/// One file on its way: its share of what they have in common, and its place among them.
pub(super) struct FileRoom {
    room: Rc<TransferRoom>,
    _place: OwnedSemaphorePermit,
}

impl Deref for FileRoom {
    type Target = TransferRoom;

    fn deref(&self) -> &TransferRoom {
        &self.room
    }
}

impl TransferRoom {
    /// Room for one part or piece more than a file has anyway, if there is any.
    pub(super) fn ahead(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.ahead).try_acquire_owned().ok()
    }
}

impl AccountContext {
    /// Room for a file, with the connections that are the same for all on their way and closed after the last of them.
    pub(super) async fn transfers(&self) -> Result<Rc<FileRoom>, Error> {
        let connection = self.connection().await?;
        let open = self.transfers.borrow().upgrade();
        let room = open.unwrap_or_else(|| {
            let transfers = connection.transfers(self.environment.workers.clone());
            let opened = Rc::new(TransferRoom {
                transfers,
                ahead: Arc::new(Semaphore::new(AHEAD_MAX)),
                files: Arc::new(Semaphore::new(TRANSFERS_MAX)),
            });
            self.transfers.replace(Rc::downgrade(&opened));
            opened
        });
        let busy = || Error::new(Code::Overloaded, format!("{TRANSFERS_MAX} files of this account are on their way; try again"));
        let place = Arc::clone(&room.files).try_acquire_owned().map_err(|_| busy().retry_after_secs(5))?;
        Ok(Rc::new(FileRoom { room, _place: place }))
    }

    /// Notes what the account itself must know of a transfer's failure.
    pub(super) fn note_transfer_failure(&self, error: &TelegramError) {
        if let TelegramError::AuthLost(loss) = error {
            self.lose_session(*loss);
        }
    }
}
