//! The world behind the network: who there is, what they wrote, and who is to be told of it.

pub mod apply;
pub mod event;
pub mod ids;
pub mod live;
pub mod message_box;
pub mod srp;
pub mod state;
pub mod view;
