//! The Telegram port and its grammers adapter: the only place that names grammers.
