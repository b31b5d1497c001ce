//! Messages that are to be sent later.

use super::{About, Notice};
use crate::world::event::NewMessage;
use crate::world::message_box::{Change, LoggedChange};
use crate::world::pins::CHANNEL_BOX;
use crate::world::scheduled::{ScheduleEvent, Waiting};
use crate::world::state::State;

impl State {
    pub(super) fn schedule(&mut self, event: &ScheduleEvent) -> Vec<Notice> {
        match event {
            ScheduleEvent::Added { owner, message } => self.add_scheduled(*owner, message),
            ScheduleEvent::Removed(waiting) => {
                let gone = self.scheduled.take(waiting);
                let message_ids: Vec<i32> = gone.into_iter().map(|(id, _)| id).collect();
                self.tell_watchers(waiting, &About::ScheduledGone { peer: waiting.peer, message_ids, sent: Vec::new() })
            }
            ScheduleEvent::Sent { waiting, date } => self.send_scheduled(waiting, *date),
        }
    }

    fn add_scheduled(&mut self, owner: i64, message: &NewMessage) -> Vec<Notice> {
        if let (Some(random_id), Some(sender)) = (message.random_id, self.users.get_mut(&message.from)) {
            sender.random_ids.remember(random_id);
        }
        let message_id = self.scheduled.add(owner, message);
        let waiting = Waiting { owner, peer: message.peer, message_ids: vec![message_id] };
        self.tell_watchers(&waiting, &About::Scheduled { owner, peer: message.peer, message_id })
    }

    fn send_scheduled(&mut self, waiting: &Waiting, date: i32) -> Vec<Notice> {
        let (mut notices, mut message_ids, mut sent) = (Vec::new(), Vec::new(), Vec::new());
        for (id, message) in self.scheduled.take(waiting) {
            let told = self.send_message(&NewMessage { date, random_id: None, ..message });
            self.scheduled.sent.insert(self.last.shared_message);
            sent.extend(told.iter().filter(|notice| waiting.owner == CHANNEL_BOX || notice.to == waiting.owner).find_map(new_id));
            message_ids.push(id);
            notices.extend(told);
        }
        notices.extend(self.tell_watchers(waiting, &About::ScheduledGone { peer: waiting.peer, message_ids, sent }));
        notices
    }

    fn tell_watchers(&self, waiting: &Waiting, about: &About) -> Vec<Notice> {
        if matches!(about, About::ScheduledGone { message_ids, .. } if message_ids.is_empty()) {
            return Vec::new();
        }
        let watchers = self.queue_watchers(waiting.owner, waiting.peer).into_iter();
        watchers.map(|to| Notice { to, about: about.clone() }).collect()
    }
}

fn new_id(notice: &Notice) -> Option<i32> {
    match &notice.about {
        About::Box(LoggedChange { change: Change::New(id), .. })
        | About::Channel { change: LoggedChange { change: Change::New(id), .. }, .. } => Some(*id),
        _ => None,
    }
}
