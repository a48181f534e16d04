//! Documents that outlive every other store: their encoded states on S3, or in a folder.
