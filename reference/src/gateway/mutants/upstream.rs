//! Mutants of what reaches the vendor besides the callback URL: the job itself, and what was not meant for the vendor.

use serde_json::{Value, json};

use crate::deviation::deviations;
use crate::gateway::Gateway;
use crate::gateway::forwarding::Order;
use crate::gateway::stages::Stages;
use crate::gateway::submission::{Mistake, RESERVED};
use ringback_mocks::vendor::Vendor;

deviations! { Mutant of Gateway;
    CREATES_TWICE "creates-twice" "creates every job twice" => creates_twice;
    PROMPT_TRUNCATED "prompt-truncated" "cuts the prompt at 80 characters" =>
        |stages| spoil(stages, |order| order.wish.prompt = order.wish.prompt.chars().take(80).collect());
    MODEL_REPLACED "model-replaced" "asks MiniMax for another model than the client did" =>
        |stages| spoil(stages, replace_model);
    CLIENT_KEY_FORWARDED "client-key-forwarded" "passes the client's key on to the vendor" => client_key_forwarded;
    METADATA_MODEL_WINS "metadata-model-wins" "lets metadata.model override the model" => metadata_model_wins;
    COOKIES_FORWARDED "cookies-forwarded" "passes the client's cookies on to the vendor" => cookies_forwarded;
    CLIENT_KEY_IN_QUERIES "client-key-in-queries" "passes the client's key on when it asks the vendor for a status" =>
        client_key_in_queries;
    IMAGE_DROPPED "image-dropped" "forgets the image" => |stages| spoil(stages, |order| order.wish.images.clear());
    DURATION_DROPPED "duration-dropped" "forgets the duration" =>
        |stages| spoil(stages, |order| order.wish.duration = None);
    SECONDS_DROPPED "seconds-dropped" "accepts seconds and forgets them" => seconds_dropped;
    METADATA_CLOSED "metadata-closed" "refuses keys in metadata that it does not know" => metadata_closed;
}

/// Changes what is ordered.
fn spoil(stages: &mut Stages, change: fn(&mut Order)) {
    stages.compose.after(move |_, mut order| {
        change(&mut order);
        order
    });
}

fn replace_model(order: &mut Order) {
    if order.route.leads_to("minimax") {
        order.wish.options.insert("model".to_owned(), json!("MiniMax-Hailuo-2.3"));
    }
}

fn creates_twice(stages: &mut Stages) {
    stages.send_create.around_async(|next, service, sending| async move {
        next.run(&service, sending.clone()).await;
        next.run(&service, sending).await
    });
}

fn client_key_forwarded(stages: &mut Stages) {
    stages.create_call.around(|next, service, order| {
        let key = order.job.request.headers.get("authorization").unwrap_or_default().to_owned();
        next.run(service, order).header("x-forwarded-authorization", key)
    });
}

fn cookies_forwarded(stages: &mut Stages) {
    stages.create_call.around(|next, service, order| {
        let cookies = order.job.request.headers.get("cookie").map(str::to_owned);
        let call = next.run(service, order);
        match cookies {
            Some(cookies) => call.header("cookie", cookies),
            None => call,
        }
    });
}

fn client_key_in_queries(stages: &mut Stages) {
    stages.query_call.around(|next, service, query| {
        let key = service.clients.get(query.task.owner).cloned();
        let call = next.run(service, query);
        match key {
            Some(key) => call.header("x-forwarded-authorization", key.expose()),
            None => call,
        }
    });
}

fn metadata_model_wins(stages: &mut Stages) {
    stages.options.around(|next, service, forwarding| {
        let model = forwarding.metadata.get("model").cloned();
        let mut options = next.run(service, forwarding);
        if let Some(model) = model {
            options.insert("model".to_owned(), model.clone());
            options.insert("model_name".to_owned(), model);
        }
        options
    });
}

fn seconds_dropped(stages: &mut Stages) {
    stages.fields.around(|next, service, input| {
        let duration = input.get("duration").and_then(Value::as_u64);
        let mut fields = next.run(service, input)?;
        fields.duration = duration;
        Ok(fields)
    });
}

fn metadata_closed(stages: &mut Stages) {
    stages.fields.after(|_, fields| {
        let fields = fields?;
        match fields.metadata.keys().find(|key| !is_known(key)) {
            Some(key) => Err(Mistake::new(format!("input.metadata.{key} is not known"))),
            None => Ok(fields),
        }
    });
}

/// Whether a key is an option of the vendors' documented samples, or one that every gateway knows.
fn is_known(key: &str) -> bool {
    let mut dialects = Vendor::all().flat_map(Vendor::dialects);
    RESERVED.contains(&key) || dialects.any(|dialect| dialect.sample.option.0 == key)
}
