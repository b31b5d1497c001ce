//! Files in messages.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "send_media" => |world| {
        example(json!({ "chatId": world.group, "fileName": "a%20chart.txt", "mimeType": "text/plain" })).bytes(b"a chart")
    };
    "send_media_from_url" => |world| {
        example(json!({ "chatId": world.group, "url": world.file_on_the_web().await }))
            .refuses("url", json!("ftp://files.example/chart.txt"))
    };
    "download_media" => |world| {
        example(json!({ "chatId": world.group, "messageId": world.file })).takes_any("range").takes_any("ifNoneMatch")
    };
    "get_thumbnail" => |world| {
        let photo = world.new_photo(world.group).await;
        example(json!({ "chatId": world.group, "messageId": photo, "size": "m" })).takes_any("ifNoneMatch")
    };
    "send_album" => |world| {
        let file = |name: &str| {
            format!("--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\nits bytes\r\n")
        };
        let form = format!("{}{}--edge--\r\n", file("a.txt"), file("b.txt"));
        let content_type = "multipart/form-data; boundary=edge";
        example(json!({ "chatId": world.group, "contentType": content_type })).bytes(form.as_bytes()).takes_any("contentType")
    };
    "send_contact" => |world| example(json!({ "chatId": world.group, "phoneNumber": "+15550000003", "firstName": "Clara" }));
    "send_location" => |world| {
        let venue = json!({ "title": "North pier", "address": "Harbour 1" });
        example(json!({ "chatId": world.group, "latitude": 59.5, "longitude": 24.75, "venue": venue }))
            .refuses("latitude", json!(90.5))
            .refuses("heading", json!(7))
    };
}
