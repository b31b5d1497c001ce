//! What all actors share is out of reach of those who hold the gateway.
use vasya_actors::gateway::Gateway;

fn steal(gateway: &Gateway) {
    let _ = &gateway.0;
}

fn main() {}
