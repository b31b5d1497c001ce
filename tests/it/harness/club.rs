//! A supergroup of Ada's, and Ada's and Clara's accounts on one server.

use super::{ADA, Api, BORIS, CLARA, Options, Sandbox};

/// See the module's description. Boris is in the group too.
pub struct Club {
    pub sandbox: Sandbox,
    pub api: Api,
    /// The group's path as Ada has it.
    pub mine: String,
    /// The group's path as Clara has it.
    pub hers: String,
    /// Clara's account.
    pub clara: String,
    /// The group's id.
    pub id: i64,
}

impl Club {
    pub async fn start() -> Self {
        let sandbox = Sandbox::start_with(Options::default().with("VASYA_ACCOUNT_BURST", "1000")).await;
        let (api, control) = (sandbox.api(), sandbox.control());
        let clara = api.log_in(&control, CLARA, None).await;
        api.online(&clara).await;
        let id = control.create_chat("supergroup", ADA, "Divers", &[BORIS, CLARA]).await;
        for account in [sandbox.account(), &clara] {
            api.get(&format!("/accounts/{account}/chats?source=live")).await.expect(200);
        }
        let path = |account: &str| format!("/accounts/{account}/chats/{id}");
        let (mine, hers) = (path(sandbox.account()), path(&clara));
        Self { sandbox, api, mine, hers, clara, id }
    }
}
