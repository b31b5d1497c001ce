//! Buttons under bots' messages.

use super::Notice;
use crate::world::buttons::ButtonEvent;
use crate::world::state::State;

impl State {
    pub(super) fn apply_to_buttons(&mut self, event: &ButtonEvent) -> Vec<Notice> {
        match event {
            ButtonEvent::Sent { message, markup } => {
                // The message has its buttons when it is first told of.
                self.markups.set(self.last.shared_message + 1, Some(markup.clone()));
                self.send_message(message)
            }
            ButtonEvent::Changed { shared_id, markup } => {
                self.markups.set(*shared_id, markup.clone());
                Vec::new()
            }
        }
    }
}
