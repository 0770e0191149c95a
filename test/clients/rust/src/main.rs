//! Lambda by AWS's SDK for Rust: the whole life of a function, one JSON line per step. The endpoint and the keys come
//! from the environment; CODE is the folder with the zips, ROLE the role.
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::{Credentials, Region};
use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::operation::invoke::builders::InvokeFluentBuilder;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    AliasRoutingConfiguration, Cors, Environment, FunctionCode, FunctionUrlAuthType,
    InvocationType, InvokeMode, InvokeWithResponseStreamResponseEvent, LayerVersionContentInput,
    LogType, Runtime,
};
use aws_sdk_lambda::{Client, Config};
use serde_json::{Value, json};
use std::env::var;
use std::error::Error;

const NAME: &str = "by-rust";
const STREAMING: &str = "by-rust-streaming";

type Done = Result<(), Box<dyn Error>>;

fn say(step: &str, mut found: Value) {
    found["step"] = json!(step);
    println!("{found}");
}

fn zip(file: &str) -> Result<Blob, Box<dyn Error>> {
    Ok(Blob::new(std::fs::read(format!(
        "{}/{file}.zip",
        var("CODE")?
    ))?))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Done {
    let keys = Credentials::new(
        var("AWS_ACCESS_KEY_ID")?,
        var("AWS_SECRET_ACCESS_KEY")?,
        None,
        None,
        "environment",
    );
    let config = Config::builder()
        .endpoint_url(var("AWS_ENDPOINT_URL")?)
        .region(Region::new(var("AWS_REGION")?))
        .credentials_provider(keys)
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let client = Client::from_conf(config);
    made(&client).await?;
    changed(&client).await?;
    called(&client).await?;
    streamed(&client).await?;
    around(&client).await?;
    removed(&client).await
}

async fn made(client: &Client) -> Done {
    let content = LayerVersionContentInput::builder()
        .zip_file(zip("layer")?)
        .build();
    let layer = client
        .publish_layer_version()
        .layer_name(NAME)
        .content(content)
        .send()
        .await?;
    say("layer", json!({ "version": layer.version() }));
    create(client, NAME, "one", layer.layer_version_arn()).await?;
    create(client, STREAMING, "streaming", None).await?;
    use aws_sdk_lambda::client::Waiters;
    let wait = client.wait_until_function_active_v2().function_name(NAME);
    let whole = wait
        .wait(std::time::Duration::from_secs(60))
        .await?
        .into_result()?;
    let shown = whole.configuration().ok_or("no configuration")?;
    say(
        "create",
        json!({
            "state": shown.state().map(|state| state.as_str()), "version": shown.version(),
            "layers": shown.layers().len(), "tags": whole.tags(),
        }),
    );
    Ok(())
}

async fn create(client: &Client, name: &str, code: &str, layer: Option<&str>) -> Done {
    client
        .create_function()
        .function_name(name)
        .runtime(Runtime::from("nodejs24.x"))
        .handler("index.handler")
        .role(var("ROLE")?)
        .code(FunctionCode::builder().zip_file(zip(code)?).build())
        .set_layers(layer.map(|arn| vec![arn.to_owned()]))
        .tags("team", "shop")
        .send()
        .await?;
    Ok(())
}

async fn changed(client: &Client) -> Done {
    let first = client.publish_version().function_name(NAME).send().await?;
    say("publish", json!({ "version": first.version() }));
    let code = client.update_function_code().function_name(NAME);
    let second = code.zip_file(zip("two")?).publish(true).send().await?;
    say("update", json!({ "version": second.version() }));
    let set = client
        .update_function_configuration()
        .function_name(NAME)
        .memory_size(256)
        .set_layers(Some(vec![]))
        .environment(Environment::builder().variables("COLOUR", "red").build())
        .send()
        .await?;
    let environment = set.environment().and_then(|shown| shown.variables());
    say(
        "configure",
        json!({ "memory": set.memory_size(), "layers": set.layers().len(), "environment": environment }),
    );
    let routing = AliasRoutingConfiguration::builder()
        .additional_version_weights("2", 0.5)
        .build();
    let alias = client
        .create_alias()
        .function_name(NAME)
        .name("live")
        .function_version("1")
        .routing_config(routing)
        .send()
        .await?;
    let weights = alias
        .routing_config()
        .and_then(|shown| shown.additional_version_weights());
    say(
        "alias",
        json!({ "version": alias.function_version(), "weights": weights }),
    );
    Ok(())
}

fn text(blob: Option<&Blob>) -> String {
    blob.map(|bytes| String::from_utf8_lossy(bytes.as_ref()).into_owned())
        .unwrap_or_default()
}

async fn called(client: &Client) -> Done {
    let invoke = || client.invoke().function_name(NAME);
    let one = invoke().qualifier("1").log_type(LogType::Tail);
    let answer = one.payload(Blob::new("{}")).send().await?;
    let lines = aws_smithy_types::base64::decode(answer.log_result().ok_or("no log")?)?;
    say(
        "invoke",
        json!({
            "status": answer.status_code(), "payload": text(answer.payload()), "version": answer.executed_version(),
            "log": String::from_utf8(lines)?.contains("hello"),
        }),
    );
    let mut versions = vec![];
    for _ in 0..4 {
        let answer = invoke().qualifier("live").send().await?;
        versions.push(answer.executed_version().unwrap_or_default().to_owned());
    }
    versions.sort();
    say("weighted", json!({ "versions": versions }));
    let failed = invoke().payload(Blob::new(r#"{"fail":1}"#)).send().await?;
    let trouble: Value = serde_json::from_str(&text(failed.payload()))?;
    say(
        "failed",
        json!({
            "status": failed.status_code(), "error": failed.function_error(), "message": trouble["errorMessage"],
        }),
    );
    say("event", status(invoke(), InvocationType::Event).await?);
    say("dry-run", status(invoke(), InvocationType::DryRun).await?);
    Ok(())
}

async fn status(call: InvokeFluentBuilder, mode: InvocationType) -> Result<Value, Box<dyn Error>> {
    let answer: InvokeOutput = call.invocation_type(mode).send().await?;
    Ok(json!({ "status": answer.status_code() }))
}

async fn streamed(client: &Client) -> Done {
    for payload in ["{}", r#"{"fail":1}"#] {
        let call = client
            .invoke_with_response_stream()
            .function_name(STREAMING)
            .log_type(LogType::Tail);
        let mut answer = call.payload(Blob::new(payload)).send().await?;
        let (mut whole, mut failed, mut log) = (String::new(), Value::Null, false);
        while let Some(event) = answer.event_stream.recv().await? {
            match event {
                InvokeWithResponseStreamResponseEvent::PayloadChunk(chunk) => {
                    whole += &text(chunk.payload())
                }
                InvokeWithResponseStreamResponseEvent::InvokeComplete(end) => {
                    if let Some(details) = end.error_details() {
                        let trouble: Value = serde_json::from_str(details)?;
                        failed = trouble["errorMessage"].clone();
                    }
                    log = end.log_result().is_some();
                }
                other => return Err(format!("an event nobody knows: {other:?}").into()),
            }
        }
        say(
            "stream",
            json!({ "status": answer.status_code(), "text": whole, "failed": failed, "log": log }),
        );
    }
    Ok(())
}

async fn around(client: &Client) -> Done {
    let cors = Cors::builder()
        .allow_origins("https://shop.example")
        .max_age(60)
        .build();
    let url = client
        .create_function_url_config()
        .function_name(NAME)
        .qualifier("live")
        .auth_type(FunctionUrlAuthType::AwsIam)
        .invoke_mode(InvokeMode::ResponseStream)
        .cors(cors)
        .send()
        .await?;
    say(
        "url",
        json!({
            "auth": url.auth_type().as_str(), "mode": url.invoke_mode().map(|mode| mode.as_str()),
            "origins": url.cors().map(|shown| shown.allow_origins()),
            "host": url.function_url().contains(".lambda-url.us-east-1."),
        }),
    );
    permitted(client).await?;
    let set = client.put_function_concurrency().function_name(NAME);
    let reserved = set.reserved_concurrent_executions(0).send().await?;
    let refused = client.invoke().function_name(NAME).send().await;
    let error = refused.err().ok_or("not throttled")?.into_service_error();
    let aws_sdk_lambda::operation::invoke::InvokeError::TooManyRequestsException(throttled) = error
    else {
        return Err(format!("not throttled: {error:?}").into());
    };
    let reason = throttled.reason().map(|reason| reason.as_str());
    say(
        "concurrency",
        json!({ "reserved": reserved.reserved_concurrent_executions(), "reason": reason }),
    );
    Ok(())
}

async fn permitted(client: &Client) -> Done {
    let add = client
        .add_permission()
        .function_name(NAME)
        .statement_id("one");
    add.action("lambda:InvokeFunction")
        .principal("s3.amazonaws.com")
        .source_arn("arn:aws:s3:::photos")
        .send()
        .await?;
    let policy = client.get_policy().function_name(NAME).send().await?;
    let remove = client.remove_permission().function_name(NAME);
    remove.statement_id("one").send().await?;
    let gone = client.get_policy().function_name(NAME).send().await;
    let after = gone.err().and_then(|error| error.code().map(str::to_owned));
    let source = policy
        .policy()
        .is_some_and(|policy| policy.contains("arn:aws:s3:::photos"));
    say("permission", json!({ "source": source, "after": after }));
    Ok(())
}

async fn removed(client: &Client) -> Done {
    let change = client.update_function_configuration().function_name(NAME);
    let refused = change.memory_size(127).send().await;
    let error = refused
        .err()
        .and_then(|error| error.code().map(str::to_owned));
    say("invalid", json!({ "error": error }));
    for name in [NAME, STREAMING] {
        client.delete_function().function_name(name).send().await?;
    }
    let layer = client.delete_layer_version().layer_name(NAME);
    layer.version_number(1).send().await?;
    let gone = client.get_function().function_name(NAME).send().await;
    let error = gone.err().ok_or("still there")?.into_service_error();
    if !error.is_resource_not_found_exception() {
        return Err(format!("not missing: {error:?}").into());
    }
    let left = client.list_functions().send().await?.functions().len();
    say("delete", json!({ "error": error.code(), "left": left }));
    Ok(())
}
