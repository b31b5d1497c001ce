//! The account's list of chats: read from Telegram, and kept, sealed, so that it can be told when Telegram cannot be asked.

use std::collections::HashSet;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::account::AccountContext;
use crate::error::{Code, Error};
use crate::events::{EventName, NewEvent};
use crate::telegram::{ChatFilter, ChatId, ChatPage, ChatScan, ListPlace};

/// How many chats a background load reads at once, and how many pages of them at most.
const LOAD_PAGE_LENGTH: u32 = 100;
const LOAD_PAGES_MAX: usize = 100;

/// How long a list of chats may be served again without asking Telegram.
const CHATS_FRESH: Duration = Duration::from_secs(30);

/// All chats were read.
#[derive(serde::Serialize)]
struct ChatsLoaded {
    count: usize,
}

/// A page of chats as it was read last.
pub(super) struct CachedChats {
    read_at: Instant,
    filter: ChatFilter,
    limit: u32,
    page: ChatPage,
}

/// A page of the list that a caller wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChatQuery<'a> {
    pub(crate) filter: ChatFilter,
    pub(crate) cursor: Option<&'a str>,
    pub(crate) limit: u32,
    /// Only what Telegram itself says now.
    pub(crate) live: bool,
}

impl AccountContext {
    /// A page of chats, most recent first. Where Telegram cannot be asked, what is kept of the list answers a caller who takes that.
    pub(crate) async fn chats(&self, query: ChatQuery<'_>) -> Result<ChatPage, Error> {
        let cursor = self.opened_cursor(query.cursor)?;
        let page = self.page_of_chats(ChatQuery { cursor: cursor.as_deref(), ..query }).await?;
        let sealed = self.sealed_cursor(page.next_cursor())?;
        Ok(page.with_cursor(sealed))
    }

    async fn page_of_chats(&self, query: ChatQuery<'_>) -> Result<ChatPage, Error> {
        let fault = || Error::invalid("cursor", "is not one that this list gave");
        let from = query.cursor.map_or(Some(ListPlace::Top), ListPlace::parse).ok_or_else(fault)?;
        if query.live {
            return self.read_chats(&query, from).await;
        }
        if let Some(page) = self.cached_chats(&query) {
            return Ok(page);
        }
        if self.connection.borrow().is_none()
            && let Some(page) = self.kept_chats.page(&query, from).await?
        {
            return Ok(page);
        }
        match self.read_chats(&query, from).await {
            Err(error) if is_out_of_reach(&error) => self.kept_chats.page(&query, from).await?.ok_or(error),
            read => read,
        }
    }

    async fn read_chats(&self, query: &ChatQuery<'_>, from: ListPlace) -> Result<ChatPage, Error> {
        let ChatQuery { filter, limit, .. } = query;
        let ChatScan { looked_at, next } = self.scan_chats(filter, from, *limit).await?;
        let chats = looked_at.into_iter().filter(|listed| filter.fits(listed)).map(|listed| listed.chat).collect();
        let page = ChatPage::new(chats, next.and_then(ListPlace::cursor), None);
        if from == ListPlace::Top {
            let cached = CachedChats { read_at: Instant::now(), filter: *filter, limit: *limit, page: page.clone() };
            self.chats.replace(Some(cached));
        }
        Ok(page)
    }

    /// Reads chats from Telegram, and keeps them.
    async fn scan_chats(&self, filter: &ChatFilter, from: ListPlace, limit: u32) -> Result<ChatScan, Error> {
        let method = "messages.getDialogs";
        let scan = self.repeatable(method, async |connection| connection.scan_chats(filter, from, limit).await).await?;
        let is_top = from == ListPlace::Top && filter.archived.is_none();
        let kept = if is_top && scan.next.is_none() {
            self.kept_chats.keep_whole(&scan.looked_at).await
        } else {
            self.kept_chats.keep(&scan.looked_at, is_top).await
        };
        // The list was read, whether or not it could be kept.
        if let Err(error) = kept {
            tracing::warn!(account = %self.ownership.account, %error, "the list of chats could not be kept");
        }
        Ok(scan)
    }

    fn cached_chats(&self, query: &ChatQuery<'_>) -> Option<ChatPage> {
        let cached = self.chats.borrow();
        let is_same = |cached: &&CachedChats| cached.filter == query.filter && cached.limit == query.limit;
        let usable = cached.as_ref().filter(is_same).filter(|_| query.cursor.is_none())?;
        let age = usable.read_at.elapsed();
        (age < CHATS_FRESH).then(|| usable.page.clone().aged(age.as_secs()))
    }

    /// Forgets the cached page of chats: something in it has changed.
    pub(super) fn chats_changed(&self) {
        self.chats.replace(None);
    }

    /// Begins to read all chats beside the calls, unless that is already under way.
    pub(crate) async fn start_loading_chats(self: &Rc<Self>) -> Result<(), Error> {
        self.connection().await?;
        if self.loading_chats.replace(true) {
            return Ok(());
        }
        let context = Rc::clone(self);
        self.tasks.spawn(async move {
            if let Err(error) = context.load_chats().await {
                tracing::warn!(account = %context.ownership.account, %error, "the chats could not be loaded");
            }
            context.loading_chats.set(false);
        });
        Ok(())
    }

    /// Reads all chats; each is told as an event.
    async fn load_chats(&self) -> Result<(), Error> {
        let (filter, mut from) = (ChatFilter::default(), ListPlace::Top);
        let mut met = HashSet::new();
        for _ in 0..LOAD_PAGES_MAX {
            let scan = self.scan_chats(&filter, from, LOAD_PAGE_LENGTH).await?;
            met.extend(scan.looked_at.iter().map(|listed| listed.chat.id));
            let chats = scan.looked_at.iter().map(|listed| &listed.chat);
            self.tell(chats.map(|chat| NewEvent::new(EventName::ChatLoaded, Some(chat.id), chat)).collect());
            match scan.next {
                Some(next) => from = next,
                None => {
                    // All of the list was read: what is kept beyond it is gone.
                    self.kept_chats.keep_only(&met).await?;
                    break;
                }
            }
        }
        let loaded = ChatsLoaded { count: met.len() };
        self.tell(vec![NewEvent::new(EventName::ChatsLoadingComplete, None, &loaded)]);
        Ok(())
    }
}

impl AccountContext {
    /// Forgets a chat that the account is not in any more.
    pub(super) async fn forget_kept_chat(&self, chat: ChatId) {
        if let Err(error) = self.kept_chats.forget(chat).await {
            tracing::warn!(account = %self.ownership.account, %error, "a chat could not be taken from the kept list");
        }
    }
}

/// Whether an error means that Telegram cannot be asked, rather than what it said.
fn is_out_of_reach(error: &Error) -> bool {
    use Code::{AccountNotReady, OutcomeUnknown, TelegramFlood, TelegramUnreachable};
    matches!(error.code(), AccountNotReady | OutcomeUnknown | TelegramFlood | TelegramUnreachable)
}
