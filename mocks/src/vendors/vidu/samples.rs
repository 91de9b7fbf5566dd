//! Valid creates of every Vidu route, the simplest first, and together every optional field.

/// Path and body.
#[rustfmt::skip]
pub(super) const CREATES: &[(&str, &str)] = &[
    ("/ent/v2/text2video", r#"{"model":"viduq1","prompt":"A paper boat"}"#),
    ("/ent/v2/text2video", r#"{"model":"viduq1","style":"anime","prompt":"A paper boat","duration":5,"seed":7,"aspect_ratio":"9:16","resolution":"1080p","movement_amplitude":"small","bgm":true,"payload":"order-42","off_peak":false,"watermark":true,"wm_position":4,"wm_url":"https://img.example.com/mark.png","meta_data":"{\"Label\":\"boat\"}","callback_url":"https://hooks.example.com/vidu?customer=42"}"#),
    ("/ent/v2/text2video", r#"{"model":"viduq3-pro","prompt":"A paper boat","duration":16,"aspect_ratio":"3:4","resolution":"540p","audio":true,"audio_type":"speech_only","off_peak":true}"#),
    ("/ent/v2/text2video", r#"{"model":"vidu1.5","prompt":"A paper boat","duration":8,"resolution":"720p","callback_url":null,"seed":null}"#),
    ("/ent/v2/img2video", r#"{"model":"viduq1","prompt":"A paper boat","images":["https://img.example.com/boat.png"]}"#),
    ("/ent/v2/img2video", r#"{"model":"viduq2-pro","images":["data:image/png;base64,iVBORw0KGgo="],"audio":true,"voice_id":"professional_host","is_rec":true,"duration":10,"resolution":"540p","movement_amplitude":"large","payload":"order-42"}"#),
    ("/ent/v2/img2video", r#"{"model":"vidu2.0","images":["https://img.example.com/boat.png"],"duration":4,"resolution":"360p","aspect_ratio":"16:9"}"#),
    ("/ent/v2/start-end2video", r#"{"model":"viduq1","images":["https://img.example.com/ebb.png","https://img.example.com/flood.png"]}"#),
    ("/ent/v2/start-end2video", r#"{"model":"viduq2-turbo","images":["https://img.example.com/ebb.png","https://img.example.com/flood.png"],"prompt":"The tide comes in","is_rec":false,"duration":8,"seed":0,"resolution":"1080p","movement_amplitude":"auto","bgm":true,"off_peak":true,"watermark":false}"#),
    ("/ent/v2/reference2video", r#"{"model":"viduq1","images":["https://img.example.com/boat.png"],"prompt":"The boat sails"}"#),
    ("/ent/v2/reference2video", r#"{"model":"viduq2","subjects":[{"id":"boat","images":["https://img.example.com/boat.png","https://img.example.com/bow.png"],"voice_id":""},{"name":"gull","images":["https://img.example.com/gull.png"],"voice_id":null}],"auto_subjects":false,"prompt":"@boat meets @gull","audio":true,"audio_type":"all","duration":8,"aspect_ratio":"4:3","resolution":"720p","watermark":true,"wm_position":1}"#),
    ("/ent/v2/reference2video", r#"{"model":"viduq2-pro","images":["https://img.example.com/boat.png"],"videos":["https://img.example.com/boat.mp4"],"prompt":"The boat sails","duration":0}"#),
    ("/ent/v2/multiframe", r#"{"model":"viduq2-turbo","start_image":"https://img.example.com/0.png","image_settings":[{"key_image":"https://img.example.com/1.png"},{"key_image":"https://img.example.com/2.png"}]}"#),
    ("/ent/v2/multiframe", r#"{"model":"viduq2-pro","start_image":"data:image/webp;base64,UklGRg==","image_settings":[{"prompt":"The tide comes in","key_image":"https://img.example.com/1.png","duration":2},{"prompt":null,"key_image":"https://img.example.com/2.png","duration":7}],"resolution":"540p","watermark":true,"wm_position":"top_left","wm_url":"","meta_data":"","payload":"order-42","callback_url":"https://hooks.example.com/vidu"}"#),
    ("/ent/v2/template", r#"{"template":"hugging","images":["https://img.example.com/two.png"]}"#),
    ("/ent/v2/template", r#"{"template":"exotic_princess","images":["https://img.example.com/one.png"],"prompt":"At court","seed":7,"aspect_ratio":"1:1","area":"denmark","beast":"auto","bgm":true,"payload":"order-42","callback_url":"https://hooks.example.com/vidu"}"#),
    ("/ent/v2/template2video", r#"{"template":"hugging","images":["https://img.example.com/two.png"],"prompt":"Two friends"}"#),
    ("/ent/v2/template-story", r#"{"story":"love_story","images":["https://img.example.com/two.png"]}"#),
    ("/ent/v2/template-story", r#"{"story":"one_shot","images":["https://img.example.com/1.png","https://img.example.com/2.png","https://img.example.com/3.png"],"payload":"order-42","callback_url":"https://hooks.example.com/vidu"}"#),
];
