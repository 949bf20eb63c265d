//! Objects in S3, or in anything that speaks it. They are spread over buckets by whose they are, so that no bucket's limits
//! are everybody's.

use std::{ops::Range, time::Duration};

use async_trait::async_trait;
use aws_sdk_s3::{
    Client,
    config::{
        BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
        retry::RetryConfig, timeout::TimeoutConfig,
    },
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    presigning::PresigningConfig,
    primitives::ByteStream,
    types::{CompletedMultipartUpload, CompletedPart},
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use sotto_core::{
    PortError,
    ports::{BlobKey, Blobs, Result},
};
use url::Url;
use uuid::Uuid;

use crate::{ConnectError, Unusable};

/// The setting that names it.
const SETTING: &str = "SOTTO_BLOBS";
/// Objects above this size go in parts of it. S3 takes at most 10,000 parts of 5 MiB or more.
const PART: usize = 8 * 1024 * 1024;

/// Who we are towards S3.
#[derive(Clone)]
pub struct Login {
    /// The access key's id.
    pub access_key: String,
    /// The access key's secret.
    pub secret_key: String,
}

/// Objects in buckets. Cheap to clone.
#[derive(Clone)]
pub struct Buckets {
    client: Client,
    names: Vec<String>,
}

/// A permission to do one thing with one object, without any login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    /// The method.
    pub method: String,
    /// Where to.
    pub url: String,
    /// Headers that are signed with it, and must be sent so.
    pub headers: Vec<(String, String)>,
}

/// An upload in parts that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    key: BlobKey,
    id: String,
}

fn wrong(why: impl Into<String>) -> Unusable {
    Unusable::new(SETTING, why, "give s3://bucket?endpoint=https://host&region=name, and &buckets=n for more than one")
}

impl Buckets {
    /// Reads `s3://bucket?endpoint=...&region=...&buckets=n`. With `n` buckets they are called `bucket-0` and so on.
    pub fn new(url: &str, login: Option<Login>) -> std::result::Result<Self, Unusable> {
        let url = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
        let bucket = url.host_str().filter(|_| url.scheme() == "s3").ok_or_else(|| wrong("no s3://bucket"))?;
        let option =
            |name: &str| url.query_pairs().find(|(there, _)| there == name).map(|(_, value)| value.into_owned());
        let number: usize = match option("buckets") {
            None => 1,
            Some(text) => text
                .parse()
                .ok()
                .filter(|number| (1..=256).contains(number))
                .ok_or_else(|| wrong("buckets is no number from 1 to 256"))?,
        };
        let names = match number {
            1 => vec![bucket.to_owned()],
            _ => (0..number).map(|number| format!("{bucket}-{number}")).collect(),
        };
        let login = login.ok_or_else(|| {
            Unusable::new(SETTING, "the access key is missing", "set SOTTO_BLOBS_ACCESS_KEY and SOTTO_BLOBS_SECRET_KEY")
        })?;
        let http =
            aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .read_timeout(Duration::from_secs(10))
            .operation_timeout(Duration::from_mins(1));
        let mut config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(option("region").unwrap_or_else(|| "us-east-1".to_owned())))
            .credentials_provider(Credentials::new(login.access_key, login.secret_key, None, None, "settings"))
            .http_client(http)
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .timeout_config(timeouts.build())
            // Not every server that speaks S3 knows the newer checksums.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        if let Some(endpoint) = option("endpoint") {
            Url::parse(&endpoint).map_err(|error| wrong(format!("endpoint: {error}")))?;
            // Own servers seldom have a name for every bucket.
            config = config.endpoint_url(endpoint).force_path_style(true);
        }
        Ok(Self { client: Client::from_conf(config.build()), names })
    }

    /// How many buckets there are.
    pub fn count(&self) -> usize {
        self.names.len()
    }

    /// Whether every bucket is there and ours.
    pub async fn check(&self) -> std::result::Result<(), ConnectError> {
        for name in &self.names {
            if let Err(error) = self.client.head_bucket().bucket(name).send().await {
                return Err(why(name, &error));
            }
        }
        Ok(())
    }

    /// Whose an object is decides its bucket: the last byte of the first id in its key, for the first bytes of our ids
    /// are the time.
    fn bucket(&self, key: &BlobKey) -> &str {
        let owner = key.as_str().split('/').find_map(|segment| segment.parse::<Uuid>().ok());
        let spread = owner.map_or_else(|| key.as_str().bytes().fold(0, u8::wrapping_add), |id| id.as_bytes()[15]);
        &self.names[usize::from(spread) % self.names.len()]
    }

    /// Lets somebody put an object of exactly this length, for a while.
    pub async fn permit_put(&self, key: &BlobKey, length: u64, lasts: Duration) -> Result<Permit> {
        let length = i64::try_from(length).map_err(failed)?;
        let put = self.client.put_object().bucket(self.bucket(key)).key(key.as_str()).content_length(length);
        put.presigned(until(lasts)?).await.map(|request| permit(&request)).map_err(failed)
    }

    /// Lets somebody get an object, whole or in ranges, for a while.
    pub async fn permit_get(&self, key: &BlobKey, lasts: Duration) -> Result<Permit> {
        let get = self.client.get_object().bucket(self.bucket(key)).key(key.as_str());
        get.presigned(until(lasts)?).await.map(|request| permit(&request)).map_err(failed)
    }

    /// Begins an upload in parts.
    pub async fn begin_parts(&self, key: &BlobKey) -> Result<Parts> {
        let begun = self.client.create_multipart_upload().bucket(self.bucket(key)).key(key.as_str()).send().await;
        let id = begun.map_err(failed)?.upload_id.ok_or_else(|| failed("an upload without an id"))?;
        Ok(Parts { key: key.clone(), id })
    }

    /// Lets somebody put one part, numbered from 1, of exactly this length, for a while.
    pub async fn permit_part(&self, parts: &Parts, number: i32, length: u64, lasts: Duration) -> Result<Permit> {
        let length = i64::try_from(length).map_err(failed)?;
        let put = self.client.upload_part().bucket(self.bucket(&parts.key)).key(parts.key.as_str());
        let put = put.upload_id(&parts.id).part_number(number).content_length(length);
        put.presigned(until(lasts)?).await.map(|request| permit(&request)).map_err(failed)
    }

    /// Makes the object of its parts: each with the tag that putting it gave.
    pub async fn finish_parts(&self, parts: &Parts, tags: Vec<(i32, String)>) -> Result<()> {
        let done =
            tags.into_iter().map(|(number, tag)| CompletedPart::builder().part_number(number).e_tag(tag).build());
        let done = CompletedMultipartUpload::builder().set_parts(Some(done.collect())).build();
        let finish = self.client.complete_multipart_upload().bucket(self.bucket(&parts.key)).key(parts.key.as_str());
        finish.upload_id(&parts.id).multipart_upload(done).send().await.map(drop).map_err(failed)
    }

    /// Gives an upload in parts up, and what was put of it.
    pub async fn drop_parts(&self, parts: &Parts) -> Result<()> {
        let abort = self.client.abort_multipart_upload().bucket(self.bucket(&parts.key)).key(parts.key.as_str());
        abort.upload_id(&parts.id).send().await.map(drop).map_err(failed)
    }

    async fn put_in_parts(&self, parts: &Parts, bytes: Vec<u8>) -> Result<()> {
        let mut tags = Vec::new();
        for (number, part) in (1..).zip(bytes.chunks(PART)) {
            let put = self.client.upload_part().bucket(self.bucket(&parts.key)).key(parts.key.as_str());
            let put = put.upload_id(&parts.id).part_number(number).body(ByteStream::from(part.to_vec()));
            let tag = put.send().await.map_err(failed)?.e_tag;
            tags.push((number, tag.ok_or_else(|| failed("a part without a tag"))?));
        }
        self.finish_parts(parts, tags).await
    }
}

fn until(lasts: Duration) -> Result<PresigningConfig> {
    PresigningConfig::expires_in(lasts).map_err(failed)
}

fn permit(request: &aws_sdk_s3::presigning::PresignedRequest) -> Permit {
    Permit {
        method: request.method().to_owned(),
        url: request.uri().to_owned(),
        headers: request.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
    }
}

fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PortError {
    PortError::new("blobs", error)
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

fn why<E>(bucket: &str, error: &SdkError<E>) -> ConnectError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    match status(error) {
        Some(401 | 403) => {
            let what = format!("S3 refuses this login at bucket {bucket}");
            Unusable::new(SETTING, what, "check the access key, and its rights to the bucket").into()
        }
        Some(404) => Unusable::new(SETTING, format!("there is no bucket {bucket}"), "create it").into(),
        _ => ConnectError::away("S3", DisplayErrorContext(error)),
    }
}

#[async_trait]
impl Blobs for Buckets {
    async fn put(&self, key: &BlobKey, bytes: Vec<u8>) -> Result<()> {
        if bytes.len() <= PART {
            let put = self.client.put_object().bucket(self.bucket(key)).key(key.as_str());
            return put.body(ByteStream::from(bytes)).send().await.map(drop).map_err(failed);
        }
        let parts = self.begin_parts(key).await?;
        let put = self.put_in_parts(&parts, bytes).await;
        if put.is_err() {
            // Else its parts would lie there, unseen and paid for. Where this fails too, the bucket's lifecycle does it.
            drop(self.drop_parts(&parts).await);
        }
        put
    }

    async fn get(&self, key: &BlobKey, range: Range<u64>) -> Result<Option<Vec<u8>>> {
        // S3 has no empty range, and refuses one past the end.
        let Some(size) = self.size(key).await? else { return Ok(None) };
        let end = range.end.min(size);
        if range.start >= end {
            return Ok(Some(Vec::new()));
        }
        let get = self.client.get_object().bucket(self.bucket(key)).key(key.as_str());
        let got = match get.range(format!("bytes={}-{}", range.start, end - 1)).send().await {
            Ok(got) => got,
            Err(error) if status(&error) == Some(404) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        Ok(Some(got.body.collect().await.map_err(failed)?.to_vec()))
    }

    async fn size(&self, key: &BlobKey) -> Result<Option<u64>> {
        match self.client.head_object().bucket(self.bucket(key)).key(key.as_str()).send().await {
            Ok(head) => Ok(Some(head.content_length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default())),
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    async fn delete(&self, key: &BlobKey) -> Result<()> {
        match self.client.delete_object().bucket(self.bucket(key)).key(key.as_str()).send().await {
            Ok(_) => Ok(()),
            Err(error) if status(&error) == Some(404) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }
}
