//! Logging accounts in.

use reqwest::Method;
use serde_json::json;

use crate::walk::example::example;

examples! {
    "request_login_code" => |world| example(json!({ "phone": world.new_user().await })).refuses("phone", json!("call me"));
    "verify_login_code" => |world| {
        let (account, code) = world.new_login(&world.new_user().await).await;
        example(json!({ "accountId": account, "code": code }))
    };
    "submit_2fa_password" => |world| {
        let phone = format!("+1555200{:04}", world.number());
        let user = json!({ "phone": phone, "firstName": "Careful", "password": "lens" });
        world.control.call(Method::POST, "/users", Some(user)).await;
        let (account, code) = world.new_login(&phone).await;
        let step = json!({ "accountId": account, "code": code });
        let outcome = world.api.post("/telegram/login/verify", step).await.expect(200);
        assert_eq!(outcome["status"], "password_required");
        example(json!({ "accountId": account, "password": "lens" }))
    };
}
