//! Calls between two people, and in groups.

use serde_json::{Value, json};

use crate::harness::eventually;
use crate::walk::example::example;
use crate::walk::world::World;

/// Two accounts of which the first knows the second, and a call may come between them.
struct Pair {
    caller: String,
    called: String,
    called_id: Value,
}

impl Pair {
    async fn of(world: &World) -> Self {
        let phone = world.new_user().await;
        let (caller, called) = (world.new_account().await, world.api.log_in(&world.control, &phone, None).await);
        let called_id = world.import(&caller, &phone).await;
        Self { caller, called, called_id }
    }

    /// Calls: the call's id.
    async fn call(&self, world: &World) -> Value {
        let call = json!({ "userId": self.called_id });
        world.api.post(&format!("/accounts/{}/calls/request", self.caller), call).await.expect(200)["callId"].clone()
    }

    /// Waits until an account sees its call in a state.
    async fn seen(&self, world: &World, account: &str, state: &str) {
        let path = format!("/accounts/{account}/calls");
        let look = || async { (world.api.get(&path).await.expect(200)["items"][0]["state"] == state).then_some(()) };
        eventually(&format!("a call is {state}"), look).await;
    }
}

/// A group call, with the account in it if it is to take part.
async fn group_call(world: &World, takes_part: bool) -> Value {
    let (group, calls) = (world.new_group().await, format!("/accounts/{}/group-calls", world.account));
    let call = world.api.post(&calls, json!({ "chatId": group })).await.expect(200);
    let address = json!({ "callId": call["callId"], "accessHash": call["accessHash"], "chatId": group });
    if takes_part {
        world.api.post(&format!("{calls}/join"), address.clone()).await.expect(200);
    }
    address
}

examples! {
    "list_calls" => |_world| example(json!({}));
    "request_call" => |world| {
        let pair = Pair::of(world).await;
        example(json!({ "accountId": pair.caller, "userId": pair.called_id })).refuses("userId", json!(-5))
    };
    "accept_call" => |world| {
        let pair = Pair::of(world).await;
        let call = pair.call(world).await;
        pair.seen(world, &pair.called, "ringing").await;
        example(json!({ "accountId": pair.called, "callId": call }))
    };
    "confirm_call" => |world| {
        let pair = Pair::of(world).await;
        let call = pair.call(world).await;
        pair.seen(world, &pair.called, "ringing").await;
        world.api.post(&format!("/accounts/{}/calls/accept", pair.called), json!({ "callId": call })).await.expect(200);
        pair.seen(world, &pair.caller, "accepted").await;
        example(json!({ "accountId": pair.caller, "callId": call })).refuses("gB", json!([1, 2]))
    };
    "discard_call" => |world| {
        let pair = Pair::of(world).await;
        let call = pair.call(world).await;
        example(json!({ "accountId": pair.caller, "callId": call, "reason": "hangup" })).takes_any("reason")
    };
    "set_call_volume" => |_world| example(json!({})).answers(501);
    "mute_call" => |_world| example(json!({})).answers(501);
    "create_group_call" => |world| {
        example(json!({ "chatId": world.new_group().await, "title": "Night watch" })).refuses("title", json!(" "))
    };
    "join_group_call" => |world| example(group_call(world, false).await);
    "leave_group_call" => |world| example(json!({ "callId": group_call(world, true).await["callId"] }));
    "mute_group_call" => |world| example(json!({ "callId": group_call(world, true).await["callId"], "muted": true }));
    "list_group_call_participants" => |world| {
        let call = group_call(world, true).await;
        example(json!({ "callId": call["callId"], "accessHash": call["accessHash"], "limit": 2 }))
    };
}
