//! Kling's legacy generation (`/v1/…`): the model is a body field, each product has its own paths, the
//! good end is `succeed`.
//!
//! Sources stand beside the rows. The callback body is the bare task record, without the envelope of
//! a query and without its watermark fields.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::fields::check;
use super::records::{self, Channel};
use super::{
    CALLBACK_PAGE, CALLBACK_SUBMITTED, CALLBACKS, ENDINGS, ERROR_DATA, EXPIRY, Fault, GENERAL_ENDINGS,
    INVALID_STATUS, LEGACY_WORDS, MODEL_LIMITS, REFUSALS, UNKNOWN_FIELDS, account, auth, envelope, given,
    has_room, invalid, unused,
};
use crate::account::AccountConfig;
use crate::api::{Api, Call, Routed};
use crate::client::{Client, Sighting, Wish};
use crate::dialect::{
    AuthScheme, CreateSeen, Dialect, Document, Evidence, OptionValue, Phase, Purpose, Refusal, Route, Sample,
    Takes, VendorOption, Word,
};
use crate::draft::Draft;
use crate::ids::Ids;
use crate::tasks::Task;
use crate::wire::{self, Request, Response, Secret};

use Evidence::{Assumed, Documented};

pub(super) mod parameters;
pub(super) mod rules;
mod samples;

use parameters::{COMMON, product};

/// The legacy dialect.
pub(super) static LEGACY: Dialect = Dialect {
    name: "kling-legacy",
    model: "kling-v1",
    auth: AuthScheme::Bearer,
    callback_url: "/callback_url",
    routes: ROUTES,
    words: LEGACY_WORDS,
    endings: {
        let (general, _) = ENDINGS.split_at(GENERAL_ENDINGS);
        general
    },
    refusals: REFUSALS,
    callbacks: CALLBACKS,
    challenge: None,
    options: OPTIONS,
    expiry: EXPIRY,
    schemas: &[
        (Document::CreateRequest, ringback_schemas::file("vendors/kling-legacy/create-request.schema.json")),
        (
            Document::CreateResponse,
            ringback_schemas::file("vendors/kling-legacy/create-response.schema.json"),
        ),
        (Document::QueryResponse, ringback_schemas::file("vendors/kling-legacy/query-response.schema.json")),
        (
            Document::Other("list-response"),
            ringback_schemas::file("vendors/kling-legacy/list-response.schema.json"),
        ),
        (
            Document::Other("account-response"),
            ringback_schemas::file("vendors/kling-legacy/account-response.schema.json"),
        ),
        (Document::Callback, ringback_schemas::file("vendors/kling-legacy/callback.schema.json")),
        (Document::Error, ringback_schemas::file("vendors/kling-legacy/error.schema.json")),
    ],
    creates: samples::CREATES,
    sample: Sample { duration: 5, option: ("negative_prompt", OptionValue::Text("rain")) },
    read_create: |request| {
        created_by(request)?;
        let mut seen = CreateSeen::from_flat(request, "model_name", "/callback_url");
        if seen.model.is_none() {
            seen.model = CreateSeen::from_flat(request, "model", "/callback_url").model;
        }
        Some(seen)
    },
    client: Client { create, created: |response| super::created(response, "task_id"), query, queried },
};

const SIGN: &str = "sign-legacy";
const UNKNOWN_VIDEO: &str = "unknown-video";
const OLD_MODEL_FIELD: &str = "model-field";

const OPTIONS: &[VendorOption] = &[
    CALLBACK_SUBMITTED,
    VendorOption::row(
        SIGN,
        "whether callbacks of this generation are signed when the account has a webhook secret",
        Takes::Switch,
        "on",
        Assumed,
        CALLBACK_PAGE,
    ),
    auth::TOLERANCE,
    auth::NEEDS_EXPIRY,
    account::WINDOW,
    ERROR_DATA,
    INVALID_STATUS,
    UNKNOWN_FIELDS,
    MODEL_LIMITS,
    VendorOption::row(
        UNKNOWN_VIDEO,
        "what becomes of a video_id that no task of the account has made",
        Takes::OneOf(&["accept", "refuse"]),
        "accept",
        Assumed,
        "the extend page says the video must have been made within 30 days, not what is said otherwise",
    ),
    VendorOption::row(
        OLD_MODEL_FIELD,
        "what the old field `model` does: name the model, or nothing",
        Takes::OneOf(&["alias", "ignored"]),
        "alias",
        Assumed,
        "the log of 02/14/2025 takes it without error and in the same sentence calls the first model",
    ),
];

macro_rules! routes {
    ($($product:literal $evidence:ident $source:expr;)*) => {
        &[Route::row("GET", account::PATH, Purpose::Account, "", Documented, account::PAGE), $(
            Route::row("POST", concat!("/v1/", $product), Purpose::Create, $product, $evidence, $source),
            Route::row("GET", concat!("/v1/", $product, "/{id}"), Purpose::Query, $product, $evidence, $source),
            Route::row("GET", concat!("/v1/", $product), Purpose::List, $product, $evidence, $source),
        )*]
    };
}

#[rustfmt::skip]
const ROUTES: &[Route] = routes! {
    "videos/text2video" Documented "https://kling.ai/document-api/apiReference/model/textToVideo";
    "videos/image2video" Documented "https://kling.ai/document-api/apiReference/model/imageToVideo";
    "videos/multi-image2video" Documented "the product's page of early 2026, in the public mirror WHQ25/rawgenai, docs/research/kling/multi-image-to-video.md";
    "videos/omni-video" Documented "the product's page of early 2026, in the public mirror WHQ25/rawgenai, docs/research/kling/omni-video-o1.md";
    "videos/motion-control" Documented "the product's page of early 2026, in the public mirror WHQ25/rawgenai, docs/research/kling/motion-control.md";
    "videos/video-extend" Documented "the product's page of early 2026, in the public mirror WHQ25/rawgenai, docs/research/kling/video-extend.md";
    "videos/lip-sync" Documented "https://kling.ai/document-api/apiReference/model/lipSync, before mid-2025, as third parties quote it";
    "videos/advanced-lip-sync" Documented "the product's page of September 2026, in the public mirror aself101/kling-api, docs/api/kling-lip-sync.md";
    "videos/effects" Documented "the product's page of September 2026, in the public mirror aself101/kling-api, docs/api/kling-effects-video-effects.md";
    "videos/avatar/image2video" Documented "https://kling.ai/document-api/api/video/avatar";
    "images/generations" Documented "https://kling.ai/document-api/api/image/3-0-omni/image-generation";
    "images/omni-image" Documented "https://kling.ai/document-api/api/image/3-0-omni/image-omni";
    "images/multi-image2image" Documented "the product's page of September 2026, in the public mirror aself101/kling-api, docs/api/kling-image-2.1-multi-image-to-image.md";
    "images/editing/expand" Documented "the product's page of September 2026, in the public mirror aself101/kling-api, docs/api/kling-image-common-outpainting.md";
    "images/kolors-virtual-try-on" Documented "the product's page of early 2026, in the public mirror WHQ25/rawgenai, docs/research/kling/virtual-try-on.md";
};

/// How the dialect answers.
#[derive(Debug)]
pub(super) struct Legacy;

impl Api for Legacy {
    fn handle(&self, call: &mut Call<'_>, route: &'static Route, segment: &str) -> Routed {
        let answered = auth::key_or_token(call).and_then(|key| match route.purpose {
            Purpose::Create => draft(call, route.product, key).map(|draft| Routed::Create(Box::new(draft))),
            Purpose::List => list(call, route.product),
            Purpose::Account => account::packs(call),
            _ => one(call, route.product, segment),
        });
        answered.unwrap_or_else(|(name, detail)| Routed::answer(call.refuse(name, Some(&detail))))
    }

    fn unrouted(&self, call: &mut Call<'_>) -> Response {
        match auth::key_or_token(call) {
            Ok(_) => call.refuse("route", None),
            Err((name, detail)) => call.refuse(name, Some(&detail)),
        }
    }

    fn created(&self, task: &Task, _settings: &AccountConfig, ids: &mut Ids) -> Response {
        envelope(&records::legacy_created(task), ids)
    }

    fn refuse(
        &self,
        refusal: &Refusal,
        detail: Option<&str>,
        settings: &AccountConfig,
        ids: &mut Ids,
    ) -> Response {
        super::refuse(&LEGACY, refusal, detail, settings, ids)
    }

    fn callback(&self, task: &Task, _word: &str, settings: &AccountConfig) -> Bytes {
        wire::bytes_of(&records::legacy(task, settings, Channel::Callback))
    }

    fn new_id(&self, ids: &mut Ids, now: Timestamp) -> String {
        super::new_id(ids, now)
    }

    fn callback_word(&self, word: &'static Word, settings: &AccountConfig) -> Option<&'static str> {
        super::callback_word(&LEGACY, word, settings)
    }

    fn signs(&self, _task: &Task, settings: &AccountConfig) -> bool {
        settings.options.is_on(&LEGACY, SIGN)
    }

    fn limits(&self) -> (&'static str, &'static str) {
        (super::CONCURRENCY, "rate-limit")
    }
}

/// The product that a request would make a task of.
fn created_by(request: &Request) -> Option<&'static Route> {
    let path = request.path();
    ROUTES.iter().find(|route| {
        route.method == request.method && route.purpose == Purpose::Create && route.path == path
    })
}

fn draft(call: &Call<'_>, name: &'static str, key: Secret) -> Result<Draft, Fault> {
    let mut body = super::object_of(call)?;
    let Some(product) = product(name) else { return Err(("route", "no such product".to_owned())) };
    let options = &call.settings.options;
    let known_only = options.get(&LEGACY, UNKNOWN_FIELDS.name) == "refuse";
    check(&[product.fields, COMMON], &body, "", known_only).map_err(invalid)?;
    let old = given(body.get("model")).filter(|_| options.get(&LEGACY, OLD_MODEL_FIELD) == "alias");
    let model = given(body.get("model_name"))
        .or(old)
        .unwrap_or_else(|| product.models.first().copied().unwrap_or_default().to_owned());
    if !product.models.is_empty() && !product.models.contains(&model.as_str()) {
        return Err(("model", format!("model {} does not exist", super::shown(&model))));
    }
    if options.is_on(&LEGACY, MODEL_LIMITS.name) {
        rules::limits(name, &model, &body).map_err(invalid)?;
    }
    (product.rule)(&body, &model).map_err(invalid)?;
    remember_parent(call, &mut body)?;
    let external_id = unused(call, given(body.get("external_task_id")))?;
    has_room(call, records::images(&body, product.makes).max(1))?;
    Ok(Draft {
        dialect: &LEGACY,
        product: name,
        model,
        prompt: rules::words(&body),
        callback_url: given(body.get("callback_url")),
        external_id,
        body: Value::Object(body).into(),
        key,
    })
}

/// Notes the video that a task goes on from, as it was when the task was made: the record shows it.
fn remember_parent(call: &Call<'_>, body: &mut Map<String, Value>) -> Result<(), Fault> {
    body.remove(records::PARENT);
    let place = body.get("video_id").or_else(|| body.get("input").and_then(|input| input.get("video_id")));
    let Some(id) = given(place) else { return Ok(()) };
    let made = call.tasks.newest().find(|task| records::made_video(task, &id));
    if made.is_none() && call.settings.options.get(&LEGACY, UNKNOWN_VIDEO) == "refuse" {
        return Err(invalid(format!("Video not found by id: {}", super::shown(&id))));
    }
    let (url, duration) = match made {
        Some(task) => (records::file(task, call.settings, "mp4"), records::seconds(task)),
        None => {
            (call.settings.result(format_args!("{}.mp4", super::shown(&id))), records::SECONDS.to_owned())
        }
    };
    body.insert(records::PARENT.to_owned(), json!({"id": id, "url": url, "duration": duration}));
    Ok(())
}

fn one(call: &mut Call<'_>, product: &str, segment: &str) -> Result<Routed, Fault> {
    let id = records::decoded(segment);
    let of_product = |task: &&Task| task.draft.product == product;
    match super::found(call, &id).filter(of_product) {
        Some(task) => Ok(Routed::Answer {
            task: Some(task.id.clone()),
            response: envelope(&records::legacy(task, call.settings, Channel::Query), call.ids),
        }),
        // Observed: not 404 and not 1203.
        None => Err(invalid(format!("Task not found by id/external id: {}", super::shown(&id)))),
    }
}

/// Pages of one product, the newest task first (the order is not documented).
fn list(call: &mut Call<'_>, product: &str) -> Result<Routed, Fault> {
    let page = page_part(call.request, "pageNum", 1, 1_000)?;
    let size = page_part(call.request, "pageSize", 30, 500)?;
    let tasks: Vec<Value> = call
        .tasks
        .newest()
        .filter(|task| task.draft.product == product)
        .skip((page - 1) * size)
        .take(size)
        .map(|task| records::legacy(task, call.settings, Channel::Query))
        .collect();
    Ok(Routed::answer(envelope(&Value::Array(tasks), call.ids)))
}

fn page_part(request: &Request, name: &str, otherwise: usize, most: usize) -> Result<usize, Fault> {
    match request.query(name).filter(|text| !text.is_empty()) {
        None => Ok(otherwise),
        Some(text) => match text.parse() {
            Ok(number) if (1..=most).contains(&number) => Ok(number),
            _ => Err(invalid(format!("{name} value is out of range [1, {most}]"))),
        },
    }
}

fn create(wish: &Wish) -> Request {
    let mut body = Map::from_iter([
        ("model_name".to_owned(), json!(wish.model)),
        ("prompt".to_owned(), json!(wish.prompt)),
    ]);
    if let Some(duration) = wish.duration {
        body.insert("duration".to_owned(), json!(duration.to_string()));
    }
    if let Some(image) = wish.images.first() {
        body.insert("image".to_owned(), json!(image));
    }
    body.extend(wish.options.clone());
    Request::post(format!("/v1/videos/{}", product_for(wish)), &Value::Object(body))
}

fn query(wish: &Wish, id: &str) -> Request {
    Request::get(format!("/v1/videos/{}/{id}", product_for(wish)))
}

const fn product_for(wish: &Wish) -> &'static str {
    if wish.images.is_empty() { "text2video" } else { "image2video" }
}

fn queried(body: &Value) -> Sighting {
    let data = &body["data"];
    let word = data["task_status"].as_str().unwrap_or_default();
    match LEGACY.phase(word) {
        Some(Phase::Succeeded) => Sighting::Done(
            data["task_result"]["videos"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|video| video["url"].as_str().map(str::to_owned))
                .collect(),
        ),
        Some(Phase::Failed) => {
            Sighting::Failed(data["task_status_msg"].as_str().unwrap_or("failed").to_owned())
        }
        Some(phase) => Sighting::At(phase),
        None => Sighting::Unknown(word.to_owned()),
    }
}
