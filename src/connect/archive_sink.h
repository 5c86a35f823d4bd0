// The archive: every record of a raw topic, as it came, in the Iceberg table `<lake>/raw/<topic>`,
// partitioned by the hour of the record's Kafka timestamp. Rows are unique by (topic, partition, offset): the
// position is part of each snapshot.
//
// Columns: topic, partition, offset, timestamp (NULL: none or outside the years 1 to 9999), key and value
// (binary, NULL: as in the record), headers (list of key, value in order), seq (the journal's), schema_id
// (Confluent's magic byte 0 and id before the value, else NULL), archived_at.
// Format: docs/formats/iceberg-mapping.md
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "broker/broker.h"
#include "connect/lake_options.h"
#include "connect/lake_writer.h"

namespace mr::connect {

/// Named "raw.<topic>". A topic that was deleted and created again is read from its start. not_found if there
/// is no such topic. Rows leave `lake.retention_ms` after they were archived.
Result<std::unique_ptr<LakeWriter>> open_archive_sink(broker::Broker& broker, FileSystem& fs, Clock& clock,
                                                      const LakeOptions& lake, const std::string& topic);

}  // namespace mr::connect
