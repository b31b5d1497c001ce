//! A network for one test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use telegram_sandbox::network::{Connections, Listeners, Network};
use telegram_sandbox::rpc::Api;
use telegram_sandbox::world::{Datacentres, World};
use tokio::runtime::Runtime;

use crate::wire::DEADLINE;

/// A network that runs beside the test, on threads of its own, until it is dropped.
pub(crate) struct TestNetwork {
    pub(crate) world: Arc<World>,
    pub(crate) connections: Connections,
    addresses: Vec<SocketAddr>,
    network: Network,
    runtime: Runtime,
}

impl TestNetwork {
    /// A network with an empty world.
    pub(crate) fn start() -> Self {
        Self::with_api(|world| world)
    }

    /// A network that asks `api` where it would ask the world.
    pub(crate) fn with_api(api: impl FnOnce(Arc<World>) -> Arc<dyn Api>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listeners = runtime.block_on(Listeners::bind(0)).unwrap();
        let datacentres = listeners.datacentres();
        let addresses = datacentres.iter().map(|datacentre| datacentre.address).collect();
        let by_id = Datacentres::new(datacentres.into_iter().map(|datacentre| (datacentre.id, datacentre.address)));
        let world = Arc::new(World::in_memory(by_id).unwrap());
        let connections = Connections::default();
        let entered = runtime.enter();
        let network = Network::start(listeners, api(Arc::clone(&world)), connections.clone());
        drop(entered);
        Self { world, connections, addresses, network, runtime }
    }

    /// The datacentre where accounts live.
    pub(crate) fn home(&self) -> SocketAddr {
        self.addresses[1]
    }

    /// A datacentre where they do not.
    pub(crate) fn elsewhere(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Stops to accept connections and closes those that are open.
    pub(crate) fn stop(&self) {
        self.network.stop();
    }

    /// Waits for something of the world's that is done asynchronously.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Waits until something holds.
    pub(crate) fn until(&self, holds: impl Fn() -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !holds() {
            assert!(Instant::now() < deadline, "it does not come to hold");
            std::thread::yield_now();
        }
    }
}
