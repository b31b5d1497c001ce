//! Supervision, proven on real arbiters.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::LocalBoxFuture;
use tokio::sync::oneshot;

use super::*;

enum Ask {
    Incarnation(oneshot::Sender<usize>),
    Panic,
    PanicInTask,
    Fail,
    Hold(std::sync::mpsc::Receiver<()>),
}

struct Subject {
    incarnation: usize,
    tasks: Tasks,
}

impl Actor for Subject {
    type Message = Ask;

    fn handle(&mut self, message: Ask) {
        match message {
            Ask::Incarnation(reply) => reply.send(self.incarnation).unwrap(),
            Ask::Panic => panic!("asked to panic"),
            Ask::PanicInTask => self.tasks.spawn(async { panic!("asked to panic") }),
            Ask::Fail => self.tasks.fail("asked to fail"),
            Ask::Hold(until) => until.recv().unwrap(),
        }
    }
}

fn policy(failures_max: usize) -> RestartPolicy {
    RestartPolicy {
        backoff_base: Duration::from_millis(1),
        backoff_cap: Duration::from_millis(2),
        failures_max,
        window: Duration::from_secs(3_600),
    }
}

fn subject(pool: &ArbiterPool, failures_max: usize, capacity: usize) -> Supervised<Ask> {
    let made = Arc::new(AtomicUsize::new(0));
    let factory = move |tasks: Tasks| -> LocalBoxFuture<'static, Result<Subject, String>> {
        let incarnation = made.fetch_add(1, Ordering::SeqCst) + 1;
        Box::pin(async move { Ok(Subject { incarnation, tasks }) })
    };
    supervise(&pool.place().unwrap(), "subject", policy(failures_max), capacity, Box::new(factory))
}

async fn incarnation(mailbox: &Mailbox<Ask>) -> usize {
    loop {
        assert!(mailbox.running().await, "{mailbox:?}");
        let (reply, answer) = oneshot::channel();
        if mailbox.try_send(Ask::Incarnation(reply)).is_ok()
            && let Ok(incarnation) = answer.await
        {
            return incarnation;
        }
        tokio::task::yield_now().await;
    }
}

async fn until_incarnation(mailbox: &Mailbox<Ask>, wanted: usize) {
    while incarnation(mailbox).await < wanted {
        tokio::task::yield_now().await;
    }
}

fn in_system(test: impl Future<Output = ()>) {
    actix::System::new().block_on(test);
}

#[test]
fn an_actor_comes_back_after_a_panic_wherever_it_panics() {
    in_system(async {
        let pool = ArbiterPool::start(2);
        let actor = subject(&pool, 100, 16);
        let neighbour = subject(&pool, 100, 16);
        let mailbox = actor.mailbox().clone();
        for (round, ask) in [Ask::Panic, Ask::PanicInTask, Ask::Fail].into_iter().enumerate() {
            assert_eq!(incarnation(&mailbox).await, round + 1);
            assert!(mailbox.try_send(ask).is_ok());
            until_incarnation(&mailbox, round + 2).await;
        }
        assert_eq!(incarnation(neighbour.mailbox()).await, 1, "a neighbour noticed nothing");
    });
}

#[test]
fn an_actor_that_fails_too_often_stays_down_and_says_why() {
    in_system(async {
        let pool = ArbiterPool::start(1);
        let actor = subject(&pool, 3, 16);
        let mailbox = actor.mailbox().clone();
        for wanted in 1..=3 {
            until_incarnation(&mailbox, wanted).await;
            assert!(mailbox.try_send(Ask::Fail).is_ok());
        }
        while mailbox.running().await {
            tokio::task::yield_now().await;
        }
        assert_eq!(mailbox.lifecycle(), Lifecycle::Failed("asked to fail".into()));
        let (reply, _) = oneshot::channel();
        let refused = mailbox.try_send(Ask::Incarnation(reply)).err().unwrap();
        assert_eq!(refused.reason, Refusal::NotRunning);
    });
}

#[test]
fn a_full_mailbox_refuses_and_gives_the_message_back() {
    in_system(async {
        let pool = ArbiterPool::start(1);
        let actor = subject(&pool, 3, 4);
        let mailbox = actor.mailbox();
        assert_eq!(incarnation(mailbox).await, 1);
        let (release, held) = std::sync::mpsc::channel();
        assert!(mailbox.try_send(Ask::Hold(held)).is_ok());
        let mut taken = 0;
        let refused = loop {
            match mailbox.try_send(Ask::Fail) {
                Ok(()) => taken += 1,
                Err(refused) => break refused,
            }
            assert!(taken < 100, "the mailbox has no limit");
        };
        assert_eq!(refused.reason, Refusal::Full);
        assert!(matches!(refused.message, Ask::Fail));
        release.send(()).unwrap();
    });
}

#[test]
fn dropping_the_owner_stops_the_actor_and_its_tasks() {
    in_system(async {
        let pool = ArbiterPool::start(1);
        let (dropped, gone) = oneshot::channel::<()>();
        let held = std::sync::Mutex::new(Some(dropped));
        let factory = move |tasks: Tasks| -> LocalBoxFuture<'static, Result<Subject, String>> {
            let held = held.lock().unwrap().take();
            let kept = tasks.clone();
            tasks.spawn(async move {
                let _dropped_with_the_task = held;
                std::future::pending::<()>().await;
            });
            Box::pin(async move { Ok(Subject { incarnation: 1, tasks: kept }) })
        };
        let actor = supervise(&pool.place().unwrap(), "subject", policy(3), 16, Box::new(factory));
        let mailbox = actor.mailbox().clone();
        assert_eq!(incarnation(&mailbox).await, 1);
        drop(actor);
        mailbox.stopped().await;
        assert!(gone.await.is_err(), "the task was dropped");
        assert_eq!(mailbox.lifecycle(), Lifecycle::Stopped);
    });
}
