//! Killing the server, starting it again, and dropping its connections.

use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::sync::watch;

use super::Act;
use super::cast::Scene;
use crate::error::BenchError;
use crate::note;
use crate::process::Running;
use crate::world::{NetworkReady, ServerReady, World};

/// For how long a server may run before it is killed.
const LIFE_MS: std::ops::Range<u64> = 50..2_000;

/// Of so many starts one is killed before it is ready.
const STARTS_PER_EARLY_KILL: u32 = 4;

/// How long the network leaves connections alone.
const CALM_MS: std::ops::Range<u64> = 300..2_500;

/// Ports that no outgoing connection takes, so that the server finds its own again.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
const PORTS_TRIED_MAX: usize = 100;

/// A port for the server to listen on, each time that it starts.
pub(super) fn free_port(chance: &mut fastrand::Rng) -> Result<u16, BenchError> {
    let mut refusal = std::io::Error::other("no port was tried");
    for _ in 0..PORTS_TRIED_MAX {
        let port = chance.u16(PORTS);
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_free) => return Ok(port),
            Err(error) => refusal = error,
        }
    }
    Err(BenchError::io("finding a free port", refusal))
}

/// The kills of a run.
pub(super) struct Killings<'s> {
    world: &'s World,
    network: &'s NetworkReady,
    port: u16,
    chance: fastrand::Rng,
    /// How many servers were killed after they were ready, and before.
    pub(super) killed: u32,
    pub(super) killed_early: u32,
    /// How long each start has taken.
    pub(super) starts: Vec<Duration>,
}

impl<'s> Killings<'s> {
    pub(super) fn new(world: &'s World, network: &'s NetworkReady, port: u16, chance: fastrand::Rng) -> Self {
        Self { world, network, port, chance, killed: 0, killed_early: 0, starts: Vec::new() }
    }

    /// Kills the server so often, and answers one that runs.
    pub(super) async fn kill(&mut self, mut server: Running, kills: u32) -> Result<Running, BenchError> {
        let mut is_ready = true;
        while self.killed + self.killed_early < kills {
            if is_ready {
                tokio::time::sleep(Duration::from_millis(self.chance.u64(LIFE_MS))).await;
                self.killed += 1;
            } else {
                self.killed_early += 1;
            }
            server.kill().await?;
            (server, is_ready) = self.start().await?;
            let so_far = self.killed + self.killed_early;
            if so_far.is_multiple_of(10) {
                note(&format!("{so_far} kills"));
            }
        }
        if !is_ready {
            server.ready::<ServerReady>().await?;
        }
        Ok(server)
    }

    /// Starts the server; it may have to be killed before it is ready.
    async fn start(&mut self) -> Result<(Running, bool), BenchError> {
        let started = Instant::now();
        let mut server = self.world.spawn_server(self.network, self.port)?;
        let usual = self.starts.iter().sum::<Duration>() / u32::try_from(self.starts.len().max(1)).unwrap_or(1);
        let usual_ms = u64::try_from(usual.as_millis()).unwrap_or(0);
        if usual_ms > 0 && self.chance.u32(0..STARTS_PER_EARLY_KILL) == 0 {
            tokio::time::sleep(Duration::from_millis(self.chance.u64(0..usual_ms))).await;
            return Ok((server, false));
        }
        server.ready::<ServerReady>().await?;
        self.starts.push(started.elapsed());
        Ok((server, true))
    }
}

/// Drops the connections between server and network now and then, of one account or of all; some are made half-open instead.
pub(super) async fn drop_connections(
    scene: Scene,
    act: watch::Receiver<Act>,
    mut chance: fastrand::Rng,
) -> Result<(), BenchError> {
    while *act.borrow() == Act::Writing {
        tokio::time::sleep(Duration::from_millis(chance.u64(CALM_MS))).await;
        let user = chance.choice(&scene.accounts).map(|account| account.phone.clone()).filter(|_| chance.u8(0..3) > 0);
        let path = if chance.u8(0..10) == 0 { "/network/silence" } else { "/network/drop" };
        scene.control.call(Method::POST, path, Some(&json!({ "user": user }))).await?;
    }
    Ok(())
}
