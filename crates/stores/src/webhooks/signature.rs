use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What the header `webhook-signature` says of a message.
pub(super) fn signature(secret: &[u8], message: &str, unix_s: u64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let signed = hmac::sign(&key, format!("{message}.{unix_s}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(signed))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the published libraries test themselves with.
    #[test]
    fn a_message_is_signed_as_published() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let (message, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", r#"{"test": 2432232314}"#);
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signature(&secret, message, 1_614_265_330, body), expected);
    }

    #[test]
    fn a_signature_is_of_its_secret_message_time_and_body() {
        let signed = signature(b"secret", "a", 1, "b");
        for other in [
            signature(b"secreT", "a", 1, "b"),
            signature(b"secret", "A", 1, "b"),
            signature(b"secret", "a", 2, "b"),
            signature(b"secret", "a", 1, "B"),
        ] {
            assert_ne!(signed, other);
        }
    }
}
