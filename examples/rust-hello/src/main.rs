use lambda_runtime::{run, service_fn, Error, LambdaEvent};
use serde_json::{json, Value};

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(hello)).await
}

/// Answers API Gateway HTTP API events (payload 2.0) and plain JSON events alike.
async fn hello(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (payload, context) = event.into_parts();
    let name = payload
        .pointer("/pathParameters/name")
        .or_else(|| payload.get("name"))
        .and_then(Value::as_str)
        .unwrap_or("world");
    if name == "nobody" {
        return Err("nobody is not greeted".into());
    }
    println!("greeting {name}");
    Ok(json!({ "message": format!("Hello, {name}, from Rust"), "requestId": context.request_id }))
}
