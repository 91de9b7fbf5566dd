//! Kling's new generation ("API 2.0", since 2026-06-17): the model is part of the path, options have
//! a room of their own, one query for all products, the good end is `succeeded`.
//!
//! Sources stand beside the rows. It takes API keys only. The callback body is the bare task record.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::fields::{Kind, TEXT, check, may, must};
use super::records::{self, Channel};
use super::{
    CALLBACK_PAGE, CALLBACK_SUBMITTED, CALLBACKS, ENDINGS, ERROR_DATA, EXPIRY, Fault, INVALID_STATUS,
    LEGACY_WORDS, MODEL_LIMITS, REFUSALS, UNKNOWN_FIELDS, V2_NAME, V2_WORDS, auth, envelope, given, has_room,
    invalid, unused,
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
mod samples;
mod tasks;

use parameters::{Asked, OPTION_FIELDS, Offer};

/// The new dialect.
pub(super) static V2: Dialect = Dialect {
    name: V2_NAME,
    model: TURBO,
    auth: AuthScheme::Bearer,
    callback_url: "/options/callback_url",
    routes: ROUTES,
    words: V2_WORDS,
    endings: ENDINGS,
    refusals: REFUSALS,
    callbacks: CALLBACKS,
    challenge: None,
    options: OPTIONS,
    expiry: EXPIRY,
    schemas: &[
        (Document::CreateRequest, ringback_schemas::file("vendors/kling-v2/create-request.schema.json")),
        (Document::CreateResponse, ringback_schemas::file("vendors/kling-v2/create-response.schema.json")),
        (Document::QueryResponse, ringback_schemas::file("vendors/kling-v2/query-response.schema.json")),
        (
            Document::Other("list-response"),
            ringback_schemas::file("vendors/kling-v2/list-response.schema.json"),
        ),
        (Document::Callback, ringback_schemas::file("vendors/kling-v2/callback.schema.json")),
        (Document::Error, ringback_schemas::file("vendors/kling-v2/error.schema.json")),
    ],
    creates: samples::CREATES,
    sample: Sample { duration: 5, option: ("resolution", OptionValue::Text("1080p")) },
    read_create,
    client: Client { create, created: |response| super::created(response, "id"), query, queried },
};

const TURBO: &str = "kling-3.0-turbo";
const SHAPE: &str = "callback-shape";

const OPTIONS: &[VendorOption] = &[
    CALLBACK_SUBMITTED,
    VendorOption::row(
        SHAPE,
        "whose record a callback of an older model on the new paths carries: the path's, or the model's",
        Takes::OneOf(&["path", "model"]),
        "path",
        Assumed,
        CALLBACK_PAGE,
    ),
    ERROR_DATA,
    INVALID_STATUS,
    UNKNOWN_FIELDS,
    MODEL_LIMITS,
];

const SOLUTIONS: &str = "solutions";

#[rustfmt::skip]
const ROUTES: &[Route] = &[
    Route::row("POST", "/text-to-video/{model}", Purpose::Create, "text-to-video", Documented, "https://kling.ai/document-api/api/video/3-0-turbo/text-to-video"),
    Route::row("POST", "/image-to-video/{model}", Purpose::Create, "image-to-video", Documented, "https://kling.ai/document-api/api/video/3-0-turbo/image-to-video"),
    Route::row("POST", "/omni-video/{model}", Purpose::Create, "omni-video", Documented, "https://kling.ai/document-api/api/video/o1/video-omni"),
    Route::row("POST", "/motion-control/{model}", Purpose::Create, "motion-control", Documented, "https://kling.ai/document-api/api/video/motion-control"),
    Route::row("POST", "/solutions/drama_subtitle", Purpose::Create, "solutions/drama_subtitle", Documented, "https://klingai.com/document-api/api/ecommerce-replication/drama-subtitle"),
    Route::row("POST", "/solutions/e-commerce/goods_studio", Purpose::Create, "solutions/e-commerce/goods_studio", Documented, "https://klingai.com/document-api/api/ecommerce-replication/goods-studio"),
    Route::row("POST", "/solutions/e-commerce/clothing_dupe", Purpose::Create, "solutions/e-commerce/clothing_dupe", Documented, "https://klingai.com/document-api/api/ecommerce-replication/apparel"),
    Route::row("POST", "/solutions/talking_agent", Purpose::Create, "solutions/talking_agent", Documented, "https://klingai.com/document-api/api/ecommerce-replication/video-commerce"),
    Route::row("POST", "/solutions/virtual_try_on", Purpose::Create, "solutions/virtual_try_on", Documented, "https://klingai.com/document-api/api/ecommerce-replication/virtual-try-on"),
    Route::row("GET", "/tasks", Purpose::Query, "", Documented, "https://kling.ai/document-api/api/video/3-0-turbo/text-to-video"),
    Route::row("POST", "/tasks", Purpose::List, "", Documented, "https://kling.ai/document-api/api/video/3-0-turbo/text-to-video"),
    Route::row("GET", "/solutions", Purpose::Query, "", Documented, "https://klingai.com/document-api/api/ecommerce-replication/drama-subtitle"),
    Route::row("POST", "/solutions", Purpose::List, "", Documented, "https://klingai.com/document-api/api/ecommerce-replication/drama-subtitle"),
];

/// How the dialect answers.
#[derive(Debug)]
pub(super) struct New;

impl Api for New {
    fn handle(&self, call: &mut Call<'_>, route: &'static Route, segment: &str) -> Routed {
        let solutions = route.path.ends_with(SOLUTIONS);
        let answered = auth::key_only(call).and_then(|key| match route.purpose {
            Purpose::Create => {
                draft(call, route.product, segment, key).map(|draft| Routed::Create(Box::new(draft)))
            }
            Purpose::List => tasks::by_cursor(call, solutions),
            _ => tasks::by_id(call, solutions),
        });
        answered.unwrap_or_else(|(name, detail)| Routed::answer(call.refuse(name, Some(&detail))))
    }

    fn unrouted(&self, call: &mut Call<'_>) -> Response {
        match auth::key_only(call) {
            Ok(_) => call.refuse("route", None),
            Err((name, detail)) => call.refuse(name, Some(&detail)),
        }
    }

    fn created(&self, task: &Task, _settings: &AccountConfig, ids: &mut Ids) -> Response {
        envelope(&records::new_created(task), ids)
    }

    fn refuse(
        &self,
        refusal: &Refusal,
        detail: Option<&str>,
        settings: &AccountConfig,
        ids: &mut Ids,
    ) -> Response {
        super::refuse(&V2, refusal, detail, settings, ids)
    }

    fn callback(&self, task: &Task, _word: &str, settings: &AccountConfig) -> Bytes {
        let record = if like_legacy(task, settings) {
            records::legacy(task, settings, Channel::Callback)
        } else {
            records::new(task, settings)
        };
        wire::bytes_of(&record)
    }

    fn new_id(&self, ids: &mut Ids, now: Timestamp) -> String {
        super::new_id(ids, now)
    }

    fn task_word(&self, task: &Task, word: &'static Word, settings: &AccountConfig) -> Option<&'static str> {
        let word = if like_legacy(task, settings) { Word::of(LEGACY_WORDS, task.phase) } else { word };
        super::callback_word(&V2, word, settings)
    }

    fn calls_back(&self, task: &Task, _settings: &AccountConfig) -> bool {
        let offer = parameters::offer(task.draft.product, &task.draft.model);
        task.phase.is_terminal() || offer.is_none_or(|offer| !offer.ends_only)
    }

    fn limits(&self) -> (&'static str, &'static str) {
        (super::CONCURRENCY, "rate-limit")
    }
}

/// The callback page gives its new shape to the new paths and its legacy shape to older models; a task
/// of an older model on a new path is both.
fn like_legacy(task: &Task, settings: &AccountConfig) -> bool {
    let older = !matches!(task.draft.model.as_str(), "" | TURBO);
    older && settings.options.get(&V2, SHAPE) == "model"
}

fn draft(call: &Call<'_>, product: &'static str, model: &str, key: Secret) -> Result<Draft, Fault> {
    let body = super::object_of(call)?;
    let Some(offer) = parameters::offer(product, model) else {
        return Err(("model", format!("model {} does not exist", super::shown(model))));
    };
    validate(call, offer, &body).map_err(invalid)?;
    let options = body.get("options").unwrap_or(&Value::Null);
    let callback_url = given(options.get("callback_url"));
    let external_id = unused(call, given(options.get("external_task_id")))?;
    has_room(call, records::images(&body, offer.makes).max(1))?;
    Ok(Draft {
        dialect: &V2,
        product,
        model: offer.model.to_owned(),
        prompt: prompt_of(&body).unwrap_or_default(),
        callback_url,
        external_id,
        body: Value::Object(body).into(),
        key,
    })
}

const SETTINGS: &str = "settings";

fn validate(call: &Call<'_>, offer: &Offer, body: &Map<String, Value>) -> Result<(), String> {
    let options = &call.settings.options;
    let known_only = options.get(&V2, UNKNOWN_FIELDS.name) == "refuse";
    let common =
        [may("options", Kind::Group(OPTION_FIELDS)), may(SETTINGS, Kind::Any), may("contents", Kind::Any)];
    let prompt = [offer.prompt.map_or(may("prompt", TEXT), |most| must("prompt", Kind::Text(most)))];
    check(&[&prompt, &common], body, "", known_only)?;
    let settings = match body.get(SETTINGS) {
        None | Some(Value::Null) => &Map::new(),
        Some(Value::Object(settings)) => settings,
        Some(_) => return Err("settings must be an object".to_owned()),
    };
    check(&[offer.settings], settings, "settings.", known_only)?;
    if !offer.parts.is_empty() {
        parameters::contents(offer, body, known_only)?;
    }
    // A solution has no model whose limits these could be.
    let minded = offer.model.is_empty() || options.is_on(&V2, MODEL_LIMITS.name);
    if minded { (offer.rule)(&Asked { body }) } else { Ok(()) }
}

/// The prompt, wherever the product has it.
fn prompt_of(body: &Map<String, Value>) -> Option<String> {
    let part = || {
        let contents = body.get("contents")?.as_array()?;
        let text = |part: &Value| part["text"].as_str().map(str::to_owned);
        contents.iter().find(|part| part["type"] == "prompt").and_then(text)
    };
    body.get("prompt").and_then(Value::as_str).map(str::to_owned).or_else(part)
}

fn read_create(request: &Request) -> Option<CreateSeen> {
    let create = |route: &&Route| route.method == request.method && route.purpose == Purpose::Create;
    let model = ROUTES.iter().filter(create).find_map(|route| route.segment(request.path()))?;
    let body = request.json().unwrap_or(Value::Null);
    Some(CreateSeen {
        model: (!model.is_empty()).then(|| model.to_owned()),
        prompt: body.as_object().and_then(prompt_of),
        callback_url: body.pointer(V2.callback_url).cloned(),
    })
}

/// Options of a wish that are settings, or options, at the vendor; the rest stay at the top.
const TO_SETTINGS: &[&str] = &["resolution", "aspect_ratio", "duration", "audio", "multi_shot"];
const TO_OPTIONS: &[&str] = &["callback_url", "external_task_id", "watermark_info"];

fn create(wish: &Wish) -> Request {
    let mut body = Map::new();
    let family = if let Some(image) = wish.images.first() {
        let contents =
            json!([{"type": "prompt", "text": wish.prompt}, {"type": "first_frame", "url": image}]);
        body.insert("contents".to_owned(), contents);
        "image-to-video"
    } else {
        body.insert("prompt".to_owned(), json!(wish.prompt));
        "text-to-video"
    };
    let (mut settings, mut options) = (Map::new(), Map::new());
    if let Some(duration) = wish.duration {
        settings.insert("duration".to_owned(), json!(duration));
    }
    for (key, value) in wish.options.clone() {
        let room = match key.as_str() {
            // A wish says its callback in one place only, and it is not this.
            "options" => {
                let others =
                    value.as_object().into_iter().flatten().filter(|(key, _)| *key != "callback_url");
                options.extend(others.map(|(key, value)| (key.clone(), value.clone())));
                continue;
            }
            key if TO_SETTINGS.contains(&key) => &mut settings,
            key if TO_OPTIONS.contains(&key) => &mut options,
            _ => &mut body,
        };
        room.insert(key, value);
    }
    for (key, room) in [(SETTINGS, settings), ("options", options)] {
        if !room.is_empty() {
            body.insert(key.to_owned(), Value::Object(room));
        }
    }
    Request::post(format!("/{family}/{}", wish.model), &Value::Object(body))
}

fn query(_wish: &Wish, id: &str) -> Request {
    Request::get(format!("/tasks?task_ids={id}"))
}

fn queried(body: &Value) -> Sighting {
    let task = &body["data"][0];
    let word = task["status"].as_str().unwrap_or_default();
    match V2.phase(word) {
        Some(Phase::Succeeded) => Sighting::Done(
            task["outputs"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|output| output["url"].as_str().map(str::to_owned))
                .collect(),
        ),
        Some(Phase::Failed) => Sighting::Failed(task["message"].as_str().unwrap_or("failed").to_owned()),
        Some(phase) => Sighting::At(phase),
        None => Sighting::Unknown(word.to_owned()),
    }
}
