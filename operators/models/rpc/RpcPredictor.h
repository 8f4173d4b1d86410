// SPDX-License-Identifier: Apache-2.0
// Has a model server score batches: cuts them into requests, keeps a bound on what is in flight,
// retries what may be retried, halves what is refused until the row is found, and stops asking a
// server that does not answer.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "operators/models/Predictors.h"
#include "operators/models/rpc/FeatureTensors.h"
#include "operators/models/rpc/RemoteAnswer.h"
#include "operators/models/rpc/RemoteHealth.h"
#include "operators/models/rpc/RemoteModel.h"
#include "operators/models/rpc/RemoteSignature.h"
#include "operators/models/rpc/ReplyInbox.h"

namespace auspex::operators {

/// A predictor for the versions that are RemoteModel (asserted). `settings.wake` is called, on any
/// thread, whenever poll may have something new, and no more once the predictor is gone.
///
/// The way of a row:
/// ```
///   submit -> fresh -> in flight -> scored, or failed
///               ^          |
///               |          +-> Refused, Faulty, silent: halves, asked for next; one row: failed
///             ready <------+-> Unreachable, Away: later, after a pause; or failed
/// ```
class RpcPredictor final : public Predictor {
 public:
  static std::unique_ptr<Predictor> make(const PredictorSettings& settings);

  explicit RpcPredictor(const PredictorSettings& settings);
  /// Requests that are under way are left to themselves: asking for scores changes nothing.
  ~RpcPredictor() override;

  FeatureLayout layout() const override { return FeatureLayout::Columns; }
  bool submit(FeatureBatch& batch) override;
  size_t poll(std::vector<ScoredBatch>& done) override;
  size_t rowsInFlight() const override { return rowsInFlight_; }

 private:
  using Time = std::chrono::steady_clock::time_point;

  /// A batch that was taken and not handed back yet.
  struct Slot {
    std::shared_ptr<const RemoteModel> model;
    ScoredBatch scored;
    size_t rowsLeft = 0;    ///< without score or failure
    bool isQueued = false;  ///< its rows were looked at: the server's types are known
    Time arrived;
  };
  /// Rows [begin, end) of a slot.
  struct RowRun {
    Slot* slot = nullptr;
    size_t begin = 0;
    size_t end = 0;
  };
  /// Rows of one request, all of one model.
  struct Piece {
    const RemoteModel* model = nullptr;
    std::vector<RowRun> runs;
    size_t numRows = 0;
    Time arrived;           ///< of its first row
    uint32_t attempts = 0;  ///< requests that failed
    uint32_t silences = 0;  ///< of a single row: time-outs one upon the other
    bool isHalf = false;    ///< of a request that was refused
    std::optional<Time> firstSentAt;
    std::shared_ptr<const RemoteModel> witness;  ///< set: its row has a score already
    std::shared_ptr<Slot> witnessSlot;           ///< of a witness from a batch handed back
    // While in flight:
    Time sentAt;
    RemoteHealth::Permit permit;
    std::shared_ptr<const RemoteSignature> signature;
  };
  /// The metadata being asked for before the first rows.
  struct Lookup {
    Lookup();  // in the source file: clang 14 cannot make it here, where the class is not complete

    std::shared_ptr<const RemoteModel> model;
    RemoteMetadata metadata;
    size_t step = 0;
    uint32_t attempts = 0;
    std::optional<uint64_t> id;  ///< of the request in flight
    RemoteHealth::Permit permit;
    Time notBefore;
  };

  void queueRows(Slot& slot, const RemoteSignature& signature);
  std::shared_ptr<const RemoteModel> nextModel() const;
  bool hasDueWork(Time now) const;
  Piece takePiece();
  Piece formPiece();
  size_t freshRows(size_t limit) const;
  void pump();
  void send(Piece piece, RemoteHealth::Permit permit, Time now);
  void setTimer(Time now);

  void lookUp(std::shared_ptr<const RemoteModel> model, RemoteHealth::Permit permit);
  void handleLookup(const HttpResponse& response);
  void adoptMetadata(const RemoteModel& model);
  void failLookup(const std::string& reason);

  void handle(uint64_t id, const HttpResponse& response);
  void settleScores(const Piece& piece, const std::vector<double>& scores);
  void settleFault(Piece piece, const AnswerError& error, const HttpResponse& response);
  static bool isSilence(const Piece& piece, const HttpResponse& response);
  void settleSilence(Piece piece, const AnswerError& error);
  void askWitness(const Piece& suspect);
  void keepWitness(const Slot& slot);
  static void settleWitness(const Piece& piece, const AnswerError& error);
  std::pair<Piece, Piece> cut(const Piece& piece, size_t numFirst) const;
  void halve(Piece piece);
  void postpone(Piece piece, std::chrono::milliseconds atLeast);
  std::chrono::milliseconds backoff(const RemoteModel& model, uint32_t attempts);
  void failPiece(const Piece& piece, RowFailure::Reason reason, const std::string& message);
  void failRow(Slot& slot, size_t row, RowFailure::Reason reason, const std::string& message);
  void failAllWaiting(const RemoteModel& model);
  size_t deliver(std::vector<ScoredBatch>& done);

  size_t maxRowsInFlight_;
  std::shared_ptr<ReplyInbox> inbox_;
  std::shared_ptr<const std::function<void()>> wake_;  ///< for the breaker's turn
  std::weak_ptr<const RemoteModel> notified_;          ///< whose health knows wake_

  std::list<Slot> slots_;  ///< in order of submission
  size_t rowsInFlight_ = 0;
  std::deque<RowRun> fresh_;          ///< not asked for yet
  std::deque<Piece> ready_;           ///< to be asked for before what is fresh
  std::multimap<Time, Piece> later_;  ///< to be asked for at that time
  std::unordered_map<uint64_t, Piece> inFlight_;
  std::shared_ptr<Slot> answered_;  ///< one row of the model that was answered, with its score
  std::optional<Lookup> lookup_;
  uint64_t nextId_ = 1;
  std::optional<Time> timer_;  ///< when the transport will wake us
  std::minstd_rand random_;
  std::vector<double> scores_;  ///< of one answer; kept for its memory
};

}  // namespace auspex::operators
