//! Variants of how answers are written on the wire.

use crate::deviation::deviations;
use crate::framing::Framing;
use crate::receiver::Receiver;
use crate::receiver::stages::ReceiverStages;

deviations! {
    Variant of Receiver;
    CONNECTION_CLOSE "connection-close" "closes the connection after each answer" => |stages| frame(stages, Framing::ConnectionClose);
    CHUNKED_BODIES "chunked-bodies" "sends bodies in chunks, with extensions and a trailer" => |stages| frame(stages, Framing::ChunkedBodies), excludes ["http-1.0", "ends-by-closing"];
    UPPERCASE_HEADERS "loud-headers" "writes header names in capitals" => |stages| frame(stages, Framing::LoudHeaders);
    HTTP_1_0 "http-1.0" "answers in HTTP/1.0" => |stages| frame(stages, Framing::Http10), excludes ["early-hints"];
    ENDS_BY_CLOSING "ends-by-closing" "ends a body by closing the connection, without a length" => |stages| frame(stages, Framing::EndsByClosing);
    NO_REASON_PHRASE "no-reason-phrase" "leaves the reason phrase out of the status line" => |stages| frame(stages, Framing::NoReasonPhrase);
    EARLY_HINTS "early-hints" "sends an interim answer (103) before each answer" => |stages| frame(stages, Framing::EarlyHints);
    SLOW_BODY "trickles" "sends each answer in small pieces, with pauses" => |stages| frame(stages, Framing::Trickles);
}

fn frame(stages: &mut ReceiverStages, framing: Framing) {
    stages.wire.all.push(framing);
}
