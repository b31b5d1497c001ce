//! MTProto 2.0 sessions, the server's side: <https://core.telegram.org/mtproto/description> and
//! <https://core.telegram.org/mtproto/service_messages>.

pub mod cipher;
mod inbound;
mod message;
mod salts;
mod state;
mod table;

pub use inbound::{Inbound, Request, take};
pub use message::{Message, rpc_error, rpc_result};
pub use salts::Salts;
pub use state::{Outgoing, Session};
pub use table::{SessionTable, SharedSession};
