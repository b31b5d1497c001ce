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
    "resend_login_code" => |world| example(json!({ "accountId": world.new_login(&world.new_user().await).await.0 }));
    "cancel_login" => |world| example(json!({ "accountId": world.new_login(&world.new_user().await).await.0 }));
    "start_qr_login" => |_world| example(json!({}));
    "get_qr_login" => |world| {
        let login = world.api.post("/telegram/login/qr", json!({})).await.expect(200);
        example(json!({ "accountId": login["accountId"] }))
    };
    "login_bot" => |world| {
        let bot = json!({ "firstName": "Robot", "username": format!("robot_{}", world.number()) });
        let bot = world.control.call(Method::POST, "/bots", Some(bot)).await;
        example(json!({ "botToken": bot["token"] })).refuses("botToken", json!("not a token"))
    };
    "import_session" => |world| {
        let path = format!("/accounts/{}/session/export", world.new_account().await);
        let exported = world.api.post(&path, json!({})).await.expect(200);
        example(json!({ "session": exported["session"] })).refuses("session", json!("not a session"))
    };
    "export_session" => |_world| example(json!({}));
}
