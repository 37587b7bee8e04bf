fn recall(arguments: &Json) -> Result<Json, String> {
    let query = arguments.get("query").and_then(Json::text).unwrap_or_default();
    host::search_memory(query, 3)
}

fn report(arguments: &Json) -> Result<Json, String> {
    let receiver = arguments.get("receiver").and_then(Json::text).unwrap_or_default();
    host::send_message(receiver, host::object([("disk", host::text("full"))]))
}

fn keep(arguments: &Json) -> Result<Json, String> {
    let value = arguments.get("value").and_then(Json::text).unwrap_or_default();
    host::state_set("kept", value.as_bytes())?;
    let kept = host::state_get("kept")?.unwrap_or_default();
    Ok(Json::Text(String::from_utf8_lossy(&kept).into_owned()))
}

fn page(arguments: &Json) -> Result<Json, String> {
    let url = arguments.get("url").and_then(Json::text).unwrap_or_default();
    let (status, body) = host::fetch("GET", url, &[])?;
    Ok(Json::Text(format!("{status}: {}", String::from_utf8_lossy(&body))))
}
